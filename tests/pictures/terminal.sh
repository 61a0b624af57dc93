#!/usr/bin/env bash
# Makes deploy.svg and failure.svg: the stage local is deployed while its database sleeps for some seconds, and then changed while
# it does not wake in time. Everything runs in a mirror of the repository with a cloud of its own (PORT and the two after it).
# Needs what `make build local-down` leaves: the built programs and .tools.
set -euo pipefail
cd "$(dirname "$0")/../.."
repository=$PWD port=${PORT:-27730}
work=$(mktemp -d)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target} MINISTACK_PORT=$port POSTGRES_PORT=$((port + 1)) FIPE_PORT=$((port + 2))
trap 'cd "$work/mirror" && infra local down >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyte==0.8.2
mkdir -p "$work/mirror" "$work/bin"
# What is pictured is this build, also when somebody builds another meanwhile.
cp "$CARGO_TARGET_DIR/debug/infra" "$work/bin"
PATH=$work/bin:$PATH
for name in Cargo.toml .tools functions infra layers sql; do ln -s "$repository/$name" "$work/mirror/$name"; done
cp -r environments "$work/mirror"
picture() { "$work/venv/bin/python" "$repository/tests/pictures/terminal.py" "$repository/tests/pictures/$1.svg" "${@:2}"; }
database() { # SIGNAL: to the whole of PostgreSQL, so that nobody is answered
  local pid; pid=$(infra local status --json | python3 -c 'import json, sys; print(*[s["pid"] for s in json.load(sys.stdin)["services"] if s["name"] == "postgres"])')
  kill "-$1" "$pid"
}
cd "$work/mirror"
infra synth --stage local >/dev/null
infra local up >/dev/null 2>&1
database STOP
(sleep 9; database CONT) &
picture deploy "infra deploy --stage local --skip-build" "Schema .*FipeSchema" 5
wait
sed -i '/^\[db-init\]/,/^timeout/ s/^timeout_seconds = .*/timeout_seconds = 16/' environments/local/fipe.toml
infra synth --stage local >/dev/null
database STOP
# After the function gave up, and before the roll-back does.
(sleep 14; database CONT) &
picture failure "infra deploy --stage local --skip-build" "Schema .*FipeSchema" 6
wait
