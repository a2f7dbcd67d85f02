#!/usr/bin/env bash
# Runs a command with SHYRAQ_TEST_POSTGRES_URL naming an empty, throwaway PostgreSQL on a free loopback port:
#     tests/postgres.sh .venv/bin/python -m pytest tests/test_store.py
# Installs Debian's package where PostgreSQL is missing. PostgreSQL refuses to run as root, so root lends it to `postgres`.
set -euo pipefail

server() { compgen -G "/usr/lib/postgresql/*/bin/initdb" | sort -V | tail -1 | xargs -r dirname; }

if [ -z "$(server)" ]; then
    echo "Installing PostgreSQL (Debian's package)…"
    become=""; [ "$(id -u)" = 0 ] || become=sudo
    export DEBIAN_FRONTEND=noninteractive
    $become apt-get -q update
    $become apt-get -q install -y --no-install-recommends postgresql
fi

BIN=$(server)
DATA=$(mktemp -d)
AS=()
if [ "$(id -u)" = 0 ]; then
    AS=(runuser -u postgres --)
    chown postgres "$DATA"
fi
stop() {
    "${AS[@]}" "$BIN/pg_ctl" -D "$DATA/db" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$DATA"
}
trap stop EXIT

cd "$DATA"
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${AS[@]}" "$BIN/initdb" -D "$DATA/db" -U shyraq -A trust -E UTF8 --locale=C --no-sync >"$DATA/initdb.log"
"${AS[@]}" "$BIN/pg_ctl" -D "$DATA/db" -w -l "$DATA/log" -o "-p $PORT -h 127.0.0.1 -k $DATA -c fsync=off" start >/dev/null
cd "$OLDPWD"

export SHYRAQ_TEST_POSTGRES_URL="postgresql+psycopg://shyraq@127.0.0.1:$PORT/postgres"
"$@"
