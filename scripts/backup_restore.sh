#!/usr/bin/env bash
# Tries the backup and restore of docs/operations.md, its very lines, on both engines: fills an installation, backs it
# up while a server uses it, loses everything but the key ring, restores, and compares.
#   scripts/backup_restore.sh              both engines (PostgreSQL where LOKET_TEST_POSTGRES_URL or a local one answers)
#   scripts/backup_restore.sh sqlite       one of them
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export PATH="$root/.venv/bin:$PATH"
server_url=${LOKET_TEST_POSTGRES_URL:-postgresql://postgres@127.0.0.1:5432/postgres}
database="loket_backup_$$"
work=$(mktemp -d)
port=${PORT:-8998}
server=

finish() {
  [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
  psql -q "$server_url" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# The fenced lines that follow a mark in the handbook.
block() {
  awk -v mark="<!-- tried: $1 -->" '$0 == mark {on = 1; next} on && /^```sh$/ {inside = 1; next} on && inside && /^```$/ {exit} inside' \
    "$root/docs/operations.md"
}
run_block() {
  local lines
  lines=$(block "$1")
  [ -n "$lines" ] || { echo "docs/operations.md has no block $1" >&2; exit 1; }
  bash -euo pipefail -c "$lines"
}

# What must be the same before and after: every table's rows, and the stored objects.
fingerprint() {
  python -m scripts.fingerprint "$LOKET_DATABASE_URL"
  (cd "$LOKET_HOME/objects" && find . -type f | sort | xargs -r sha256sum)
}

try_engine() {
  local engine=$1
  echo "== $engine"
  export LOKET_HOME="$work/$engine" BACKUP="$work/$engine-backup" LOKET_STORAGE_URL=
  mkdir -p "$LOKET_HOME"
  if [ "$engine" = sqlite ]; then
    export LOKET_DATABASE_URL="sqlite:///$LOKET_HOME/loket.db"
  else
    psql -q "$server_url" -c "CREATE DATABASE $database"
    export LOKET_DATABASE_URL="${server_url%/*}/$database"
  fi
  loket migrate
  loket seed reference --json > /dev/null
  loket client add camera "Kamera uji" --unit PMJ --json > /dev/null
  python -m scripts.some_objects "file://$LOKET_HOME/objects"

  loket serve --no-worker --port "$port" > "$work/serve.log" 2>&1 &
  server=$!
  python -m scripts.wait_ready "http://127.0.0.1:$port" "$server"
  run_block "$engine-backup"
  kill -TERM "$server" && wait "$server" || true
  server=
  fingerprint > "$work/before"

  if [ "$engine" = sqlite ]; then
    rm -rf "$LOKET_HOME/loket.db"* "$LOKET_HOME/objects"
  else
    psql -q "$server_url" -c "DROP DATABASE $database WITH (FORCE)" -c "CREATE DATABASE $database"
    rm -rf "$LOKET_HOME/objects"
  fi
  run_block "$engine-restore"
  fingerprint > "$work/after"
  diff "$work/before" "$work/after"
  echo "$engine: $(wc -l < "$work/after") tables and objects are as they were"
}

case "${1:-both}" in
  sqlite | postgresql) try_engine "$1" ;;
  both)
    try_engine sqlite
    if psql -q "$server_url" -c 'SELECT 1' > /dev/null 2>&1; then
      try_engine postgresql
    else
      echo "!! PostgreSQL does not answer at $server_url: SKIPPED" >&2
    fi
    ;;
  *) echo "usage: $0 [sqlite|postgresql]" >&2; exit 2 ;;
esac
