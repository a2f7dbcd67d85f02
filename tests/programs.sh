#!/usr/bin/env bash
# Makes sure of the programs that tests run: Chromium for the page, curl for the README. Debian's packages where missing.
set -euo pipefail

missing=()
for program in chromium curl; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Not on the PATH: ${missing[*]}. Install them, or the tests that run them are left out." >&2
    [ "${CI:-}" != true ] || exit 1  # where nobody reads the message, it is a failure
    exit 0
fi

echo "Installing ${missing[*]} (Debian's packages)…"
become=""; [ "$(id -u)" = 0 ] || become=sudo
export DEBIAN_FRONTEND=noninteractive
$become apt-get -q update
$become apt-get -q install -y --no-install-recommends "${missing[@]}"
