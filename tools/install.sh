#!/bin/sh
# Installs what the project needs into its own folder: the packages of uv.lock into .venv, or
# those of package-lock.json into node_modules. Run by make, from the project's folder.
set -eu

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Runs a command with a line about what it does; what it says is shown only if it fails.
step() {
    title=$1
    shift
    log=$(mktemp)
    printf '… %s\n' "$title"
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "$title failed; see above."
    fi
    rm -f "$log"
    printf '✓ %s\n' "$title"
}

# Prints the first Python that is new enough; PYTHON, if it is set, is the only candidate.
find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1) || found=none
    fail "Python 3.11 or newer is needed, and there is $found: install it from" \
        "https://www.python.org/downloads, or say where it is with PYTHON=<path>."
}

install_python() {
    # uv itself is in the environment too, and works unless its installation was cut short.
    if ! .venv/bin/uv --version >/dev/null 2>&1; then
        # Not in one line with what uses it: only then does a failure end the script.
        python=$(find_python)
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python cannot make virtual environments: install its venv module (on Debian" \
                "and Ubuntu: apt install python3-venv), or another Python with PYTHON=<path>."
        step 'Making a virtual environment in .venv' "$python" -m venv --clear .venv
        uv=$(sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' pyproject.toml)
        step "Installing $uv" .venv/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
    fi
    # It would otherwise install a Python of its own, or use the one of another environment.
    step 'Installing the Python packages of uv.lock' \
        env UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv \
        .venv/bin/uv sync --frozen --quiet --python .venv/bin/python
}

install_node() {
    command -v node >/dev/null ||
        fail 'Node.js 20 or newer is needed, and there is none: install it from https://nodejs.org.'
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
        fail "Node.js 20 or newer is needed, and there is $(node --version): install a newer one" \
            'from https://nodejs.org.'
    command -v npm >/dev/null ||
        fail 'npm is needed, and this Node.js came without: install it too, or Node.js from' \
            'https://nodejs.org.'
    # No script of a package is run: none needs to, and the viewer's would report us to its makers.
    step 'Installing the Node packages of package-lock.json' \
        npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
}

# Chromium for the browser's tests, in .build/chromium. Where npm has none, Debian's, if we may;
# without any browser, these tests are skipped.
install_browser() {
    if [ "$(uname -sm)" = 'Linux x86_64' ]; then
        step 'Installing the Node packages of tests/browser/package-lock.json' \
            npm ci --prefix tests/browser --ignore-scripts --no-fund --no-audit --loglevel=error
        step 'Unpacking Chromium' unpack_chromium
    elif ! command -v chromium google-chrome >/dev/null &&
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        step 'Installing Chromium' \
            sh -c 'apt-get update && apt-get install --yes --no-install-recommends chromium'
    fi
}

unpack_chromium() {
    packed=tests/browser/node_modules/@sparticuz/chromium/bin
    fonts='<fontconfig><dir prefix="relative">fonts</dir></fontconfig>'
    # The archives have the libraries and fonts that a bare machine lacks. All in one chain: in a
    # step, a failure does not end the script.
    rm -rf .build/chromium &&
        mkdir -p .build/chromium &&
        unbrotli "$packed/chromium.br" >.build/chromium/chromium &&
        chmod +x .build/chromium/chromium &&
        unbrotli "$packed/al2023.tar.br" | tar -xof - -C .build/chromium &&
        unbrotli "$packed/fonts.tar.br" | tar -xof - -C .build/chromium &&
        printf '%s' "$fonts" >.build/chromium/fonts.conf &&
        rm -rf tests/browser/node_modules
}

unbrotli() {
    node -e 'process.stdin.pipe(zlib.createBrotliDecompress()).pipe(process.stdout)' <"$1"
}

"install_$1"
