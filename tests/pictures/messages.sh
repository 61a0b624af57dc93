#!/usr/bin/env bash
# Makes messages.png: the page of the messages on the running local cloud, with dead letters, the plan of a replay and the timeline of one. Adds a user and sends
# messages for it. Needs chromium, curl, and node with the package playwright-core (NODE_PATH says where it is), since somebody has to log in.
set -euo pipefail
cd "$(dirname "$0")/../.."
infra=$PWD/${CARGO_TARGET_DIR:-target}/debug/infra
output() { "$infra" outputs --stage local 2>/dev/null | awk -v name="$1" '$1 == "Messages" && $2 == name { print $3 }'; }
address=$(output ApiUrl)
queue=$(output MainQueueUrl)
email=picture@example.com
password=$(head -c 18 /dev/urandom | base64)
"$infra" user add "$email" --stage local <<<"$password" 2>/dev/null || "$infra" user reset "$email" --stage local <<<"$password"
token=$(curl -fsS "$address/users/login" -H 'content-type: application/json' -d "{\"email\":\"$email\",\"pwd\":\"$password\"}" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
send() { # PATH PAYER
  curl -fsS "$address$1" -H "authorization: Bearer $token" -H 'content-type: application/json' -o /dev/null \
    -d "{\"transaction_id\":\"txn-$RANDOM\",\"payer_id\":\"$2\",\"receiver_id\":\"shop-3\",\"amount\":\"19.90\",\"currency\":\"BRL\"}"
}
for payer in ana bruno carla; do send /messages/send "$payer"; done
for payer in ana bruno; do send /messages/send/dlq "$payer"; done
curl -fsS "$queue" -o /dev/null --data-urlencode 'MessageBody={"transaction_id": 7}' -d "Action=SendMessage&MessageGroupId=legacy&MessageDeduplicationId=$RANDOM$RANDOM"
sleep 3
ADDRESS=$address EMAIL=$email PASSWORD=$password node - <<'NODE'
const { chromium } = require('playwright-core');
(async () => {
  const { ADDRESS, EMAIL, PASSWORD } = process.env;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  await page.goto(`${ADDRESS}/messages`);
  await page.fill('#email', EMAIL);
  await page.fill('#pwd', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#rows button');
  await page.click('#plan');
  await page.waitForSelector('#replay:not([disabled])');
  await page.click('#rows button');
  await page.waitForSelector('#message li');
  await page.screenshot({ path: 'tests/pictures/messages.png', fullPage: true });
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
NODE
ls -l tests/pictures/messages.png
