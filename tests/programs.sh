#!/usr/bin/env bash
# Makes sure of the programs that tests run: Chromium for the page, curl for the README, Node.js with the packages of an
# outside Bot API for the Telegram bot. Debian's packages where missing.
set -euo pipefail
cd "$(dirname "$0")"

install_missing() {
    local missing=() program become=""
    for program in chromium curl node npm; do
        command -v "$program" >/dev/null || missing+=("${program/#node/nodejs}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if ! command -v apt-get >/dev/null; then
        echo "Not on the PATH: ${missing[*]}. Install them, or the tests that run them are left out." >&2
        [ "${CI:-}" != true ]  # where nobody reads the message, it is a failure
        return
    fi

    echo "Installing ${missing[*]} (Debian's packages)…"
    [ "$(id -u)" = 0 ] || become=sudo
    export DEBIAN_FRONTEND=noninteractive
    $become apt-get -q update
    $become apt-get -q install -y --no-install-recommends "${missing[@]}"
}

install_missing
if command -v npm >/dev/null && [ telegram_test_api/package-lock.json -nt telegram_test_api/node_modules/.package-lock.json ]; then
    echo "Installing telegram-test-api…"
    npm ci --prefix telegram_test_api --no-audit --no-fund --loglevel=error
    touch telegram_test_api/node_modules/.package-lock.json
fi
