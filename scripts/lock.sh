#!/usr/bin/env bash
# Locks requirements/*.in into *.txt with hashes, for every platform and Python from 3.11 on. Names no index.
# Needs uv; versions already locked are kept unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in base test train; do
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    --no-annotate ${UPGRADE:+--upgrade} "requirements/$name.in" -o "requirements/$name.txt"
done
