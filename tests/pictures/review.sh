#!/usr/bin/env bash
# Makes review.png: a review of a careless change (review_change.py), as headless Chromium shows it. Needs chromium and the built `infra`.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 tests/pictures/review_change.py "$work/main" "$work/pull-request"
infra=$PWD/${CARGO_TARGET_DIR:-target}/debug/infra
(cd "$work" && "$infra" review --before main --after pull-request --html review.html >/dev/null)
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
  --window-size=1280,1000 --screenshot=tests/pictures/review.png "file://$work/review.html" 2>/dev/null
ls -l tests/pictures/review.png
