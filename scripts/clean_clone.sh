#!/usr/bin/env bash
# Proves the two commands: clones this repository into an empty folder, with an empty HOME and nothing of this
# checkout's environment, runs `make run` until the server is ready, stops it, and runs `make test`.
#   scripts/clean_clone.sh            both commands
#   scripts/clean_clone.sh run        only make run
#   PACKAGES_OF=.venv scripts/clean_clone.sh run
#                                     the same in seconds: the packages of that environment count as installed
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
packages=${PACKAGES_OF:+$(cd "$PACKAGES_OF" && pwd)}
what=${1:-both}
port=${PORT:-8999}
work=$(mktemp -d)
server=

finish() {
  [ -z "$server" ] || kill -TERM "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

mkdir "$work/home"
git clone --quiet "$source_dir" "$work/loket"
cd "$work/loket"
# Only what reaches the package index of this machine may pass: certificates, proxies, pip's own settings.
passed=()
while IFS='=' read -r name _; do
  case "$name" in
    PIP_* | UV_* | SSL_CERT_* | REQUESTS_CA_BUNDLE | *_proxy | *_PROXY | JOBS | LOKET_TEST_POSTGRES_URL) passed+=("$name=${!name}") ;;
  esac
done < <(env)
make=(make)
if [ -n "$packages" ]; then
  # pip finds what stands on the path of its interpreter and installs what is missing; uv looks into its own folder alone.
  make=(make UV=)
  "$packages/bin/python" -m venv .venv
  "$packages/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/borrowed.pth"
fi
clean() { env -i HOME="$work/home" PATH="$PATH" LANG=C.UTF-8 "${passed[@]}" "$@"; }

if [ "$what" != test ]; then
  echo "make run in an empty folder with an empty HOME ..."
  # setsid: `make` and the server are one group, so that stopping it stops all of it.
  setsid env -i HOME="$work/home" PATH="$PATH" LANG=C.UTF-8 "${passed[@]}" "${make[@]}" run PORT="$port" > "$work/run.log" 2>&1 &
  server=$!
  for ((second = 0; ; second++)); do
    python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/readyz', timeout=2)" 2>/dev/null && break
    if ! kill -0 "$server" 2>/dev/null || [ "$second" -ge 900 ]; then
      cat "$work/run.log"
      echo "make run did not become ready" >&2
      exit 1
    fi
    sleep 1
  done
  cat "$work/run.log"
  echo "ready after $second s; stopping"
  kill -TERM -- "-$server" 2>/dev/null || true
  wait "$server" || true
  server=
fi

if [ "$what" != run ]; then
  echo "make test ..."
  clean "${make[@]}" test
fi
echo "clean clone: done"
