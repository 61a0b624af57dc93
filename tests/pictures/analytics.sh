#!/usr/bin/env bash
# Makes analytics.png and analytics-uploads.png: the page of the analytics on the running local cloud, as headless Chromium shows it: the program with the most slots, and,
# in the dark, the report of the newest upload with rejected rows. Needs chromium, curl and the built `infra`, and data that has been read, such as `make local` loads.
set -euo pipefail
cd "$(dirname "$0")/../.."
infra=$PWD/${CARGO_TARGET_DIR:-target}/debug/infra
address=${ADDRESS:-$("$infra" outputs --stage local 2>/dev/null | awk '$2 == "FastApiUrl" { print $3 }')}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faulty=$(curl -fsS "$address/analytics/uploads" | python3 -c 'import json, sys; print(next(u["id"] for u in json.load(sys.stdin)["uploads"] if u["state"] in ("applied", "checked") and u["rows_rejected"]))')
picture() { # NAME FRAGMENT WIDTH HEIGHT [OPTION]
  # Time for the page passes while it asks for nothing, so that it is complete then. It never comes to rest while an upload is waiting or being read.
  timeout 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" "${@:5}" \
    --virtual-time-budget=15000 --window-size="$3,$4" --screenshot="tests/pictures/$1.png" "$address/analytics/$2" 2>/dev/null ||
    { echo "$1: the page does not come to rest" >&2; return 1; }
  ls -l "tests/pictures/$1.png"
}
picture analytics "${PROGRAM:+#program=$PROGRAM}" 1280 930
picture analytics-uploads "#view=uploads&upload=$faulty" 1280 760 --blink-settings=preferredColorScheme=0
