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

# Runs a command under a title, and prints its output only if it fails for an unknown reason.
step() {
    title=$1
    shift
    (: >.writable) 2>/dev/null || fail "You may not write to $PWD, where make installs everything."
    rm -f .writable
    log=$(mktemp)
    printf '… %s\n' "$title"
    if ! "$@" >"$log" 2>&1; then
        advice=$(advice_for "$log")
        [ -n "$advice" ] || cat "$log" >&2
        rm -f "$log"
        fail "$title failed${advice:-; see above.}"
    fi
    rm -f "$log"
    printf '✓ %s\n' "$title"
}

# Prints why a download failed and what to do, as the end of a sentence.
advice_for() {
    if grep -Eq 'CERTIFICATE_VERIFY_FAILED|UnknownIssuer|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)' "$1"; then
        printf '%s' ': the server has a certificate from an authority that this machine does not' \
            ' know. If that is the authority of your company, add it to the certificates of this' \
            ' machine, or name its file: export SSL_CERT_FILE=ca.pem PIP_CERT=ca.pem' \
            ' NODE_EXTRA_CA_CERTS=ca.pem'
    elif grep -Eq 'NewConnectionError|ConnectTimeout|dns error|tcp connect|ENOTFOUND|EAI_AGAIN' "$1"; then
        printf '%s' ': there is no connection to the package index. The installation needs the' \
            ' network; behind a proxy, set HTTPS_PROXY.'
    fi
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
        step "Installing $uv" install_with_pip "$uv"
    fi
    # Without these settings, uv might download a Python, or use another environment.
    step 'Installing the Python packages of uv.lock' \
        env UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv \
        .venv/bin/uv sync --frozen --quiet --python .venv/bin/python
}

CERTIFICATES='import ssl; paths = ssl.get_default_verify_paths(); print(paths.cafile or paths.capath)'

install_with_pip() {
    set -- .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries=1 "$1"
    # pip before 24.2 does not know the certificates of the machine, and the next attempt does.
    "$@" || PIP_CERT=$(.venv/bin/python -c "$CERTIFICATES") "$@"
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
    step 'Installing the Node packages of package-lock.json' npm_ci
}

npm_ci() {
    # No package needs its install script, and that of swagger-ui-dist sends usage data. The
    # variable lets Node.js trust the certificates of the machine, too.
    NODE_USE_SYSTEM_CA="${NODE_USE_SYSTEM_CA:-1}" npm ci "$@" --ignore-scripts --no-fund --no-audit \
        --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000
}

# On Linux x86_64, Chromium comes from npm; elsewhere it is Debian's package, if root runs this script.
# Without Chromium, the tests in a browser are skipped.
install_browser() {
    if [ "$(uname -sm)" = 'Linux x86_64' ]; then
        step 'Installing the Node packages of tests/browser/package-lock.json' \
            npm_ci --prefix tests/browser
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
