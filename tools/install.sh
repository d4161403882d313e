#!/bin/sh
# Installs one kind of dependency into the project's folder:
#   install.sh python   the packages of uv.lock into .venv
#   install.sh node     the packages of package-lock.json into node_modules
#   install.sh browser  Chromium for the tests in a browser
# make runs it from the root of the repository.
set -eu

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Runs a command under a title, and prints its output only if it fails.
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
    version=$("${PYTHON:-python3}" --version 2>&1) || version=none
    fail "Python 3.11 or newer is required, but this machine has $version. Install it from" \
        "https://www.python.org/downloads, or set PYTHON=<path>."
}

install_python() {
    # uv is part of the environment, and works unless its installation was interrupted.
    if ! .venv/bin/uv --version >/dev/null 2>&1; then
        # A separate assignment: a failure inside another command would not end the script.
        python=$(find_python)
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python cannot create virtual environments. Install its venv module (on Debian" \
                "and Ubuntu: apt install python3-venv), or set PYTHON=<path>."
        step 'Creating a virtual environment in .venv' "$python" -m venv --clear .venv
        uv=$(sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' pyproject.toml)
        step "Installing $uv" .venv/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
    fi
    # Without these settings, uv might download a Python, or use another environment.
    step 'Installing the Python packages of uv.lock' \
        env UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv \
        .venv/bin/uv sync --frozen --quiet --python .venv/bin/python
}

install_node() {
    command -v node >/dev/null ||
        fail 'Node.js 22 or newer is required. Install it from https://nodejs.org.'
    # Node.js 20 still works, but the CDK supports it no longer, and says so at every start.
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
        fail "Node.js 22 or newer is required, but this machine has $(node --version). Install a" \
            'newer one from https://nodejs.org.'
    command -v npm >/dev/null ||
        fail 'npm is required, but this Node.js came without it. Install npm, or Node.js from' \
            'https://nodejs.org.'
    # No package needs its install script, and that of swagger-ui-dist sends usage data.
    step 'Installing the Node packages of package-lock.json' \
        npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
}

# On Linux x86_64, Chromium comes from npm; elsewhere it is Debian's package, if root runs this script.
# Without Chromium, the tests in a browser are skipped.
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
    # The archives contain the libraries and fonts that a bare machine lacks. The commands form one
    # chain, because a failure inside a step does not end the script.
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
