#!/usr/bin/env bash
# Makes review.png and review-graph.png: a review of a careless change (review_change.py), as headless Chromium shows it.
# Needs chromium and the built `infra`.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 tests/pictures/review_change.py "$work/main" "$work/pull-request"
infra=$PWD/${CARGO_TARGET_DIR:-target}/debug/infra
(cd "$work" && "$infra" review --before main --after pull-request --html review.html >/dev/null)
# Headless Chromium pictures only the top of a page: of the graph, everything above it is hidden, which the page's policy would forbid.
sed -e 's/<meta http-equiv[^>]*>//' \
  -e 's#</head>#<style>.bar, header, footer, section:not([aria-labelledby=graph-head]) { display: none } main { padding-top: 1.5rem }</style></head>#' \
  "$work/review.html" >"$work/graph.html"
picture() { # NAME PAGE WIDTH HEIGHT [OPTION]
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" "${@:5}" \
    --window-size="$3,$4" --screenshot="tests/pictures/$1.png" "file://$work/$2.html" 2>/dev/null
  ls -l "tests/pictures/$1.png"
}
picture review review 1280 1000
picture review-graph graph 1280 880 --blink-settings=preferredColorScheme=0
