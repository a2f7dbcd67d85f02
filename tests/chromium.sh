#!/usr/bin/env bash
# Makes sure that the page's tests have a Chromium to run in: Debian's package where it is missing.
set -euo pipefail

command -v chromium >/dev/null && exit

if ! command -v apt-get >/dev/null; then
    echo "Chromium is missing: install it as 'chromium' on the PATH; until then the page's tests are skipped." >&2
    [ "${CI:-}" != true ]  # where nobody reads the message, it is a failure
    exit
fi

echo "Installing Chromium (Debian's package)…"
become=""; [ "$(id -u)" = 0 ] || become=sudo
export DEBIAN_FRONTEND=noninteractive
$become apt-get -q update
$become apt-get -q install -y --no-install-recommends chromium
