#!/bin/sh
# Runs the Vertica stand-in: start.sh LISTEN_PORT BACKEND_PORT LOG [gate.py's options]
# Prints "ready" when it listens; stays in the foreground. The Python packages it needs go, pinned,
# into build/vertica-venv on first use. Exit 77: no Python or no way to get them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${FLIGHTDECK_VERTICA_VENV:-$here/../../build/vertica-venv}
listen=$1 backend=$2 log=$3
shift 3
mkdir -p "$(dirname "$venv")"
exec 9>"$venv.lock"
flock 9 # several test programs may come at once
if ! "$venv/bin/python" -c 'import sqlglot' 2>/dev/null; then
    rm -rf "$venv"
    python3 -m venv "$venv" >&2 || exit 77
    "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" >&2 || {
        rm -rf "$venv"
        exit 77
    }
fi
exec 9>&-
exec "$venv/bin/python" "$here/gate.py" --listen "127.0.0.1:$listen" \
    --backend "127.0.0.1:$backend" --db vertica --log "$log" "$@"
