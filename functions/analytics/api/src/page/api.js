// Requests to the API that this page came from. An API that is waking up or busy is asked again, visibly.
const TOKEN = "analytics-token";
const ATTEMPTS = 12;

// Relative to the page, which may stand below the name of an API's stage, with a slash at its end or without.
const base = new URL(location.pathname.endsWith("/") ? "." : location.pathname.split("/").pop() + "/", location.href);

/// An answer that is no success, in words.
class Refused extends Error {
  constructor(status, message) { super(message); this.status = status }
}

/// Whether the same request can succeed later. A fault of the request, such as 422 or 404, stays one.
const canHelp = ({ status }) => status === undefined || status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;

/// A button, where it can help.
function tryAgain(error, onclick) {
  return canHelp(error) ? make("button", { type: "button", onclick }, "Try again") : "";
}

function notice(...content) { byId("notice").replaceChildren(...content) }

function addressOf(path, query = {}) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  return url;
}

/// Sends a request and returns the response, which is a success.
async function send(path, { query, method = "GET", json, signal } = {}) {
  for (let attempt = 1; ; attempt++) {
    const headers = { Accept: "application/json" };
    const token = sessionStorage.getItem(TOKEN);
    if (token) headers.Authorization = `Bearer ${token}`;
    if (json) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(addressOf(path, query), { method, headers, signal, body: json && JSON.stringify(json) });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "The API cannot be reached. Check the connection and try again.");
    }
    if (response.ok) return response;
    if ((response.status === 503 || response.status === 429) && attempt < ATTEMPTS) {
      await countDown(await inWords(response), Number(response.headers.get("retry-after")) || Math.min(attempt, 10), signal);
    } else if (response.status === 401) {
      await askForToken(token, signal);
    } else {
      throw new Refused(response.status, await inWords(response));
    }
  }
}

async function get(path, query, signal) {
  return (await send(path, { query, signal })).json();
}

/// Each page of a list, by its cursor.
async function* pages(path, query, signal) {
  let cursor;
  do {
    const page = await get(path, { ...query, cursor }, signal);
    yield page;
    cursor = page.next_cursor;
  } while (cursor);
}

async function inWords(response) {
  let body;
  try { body = await response.json() } catch { body = {} }
  const detail = body.detail ?? body.message;
  const said = Array.isArray(detail)
    ? detail.map(fault => `${fault.loc?.at(-1) ?? ""}: ${fault.msg}`).join("; ")
    // When to come back is told by the countdown.
    : (detail ?? body.title ?? "").replace(/; try again in .*/, "");
  switch (response.status) {
    case 403: return "This stage takes only requests that are signed with AWS credentials, which a page cannot do. Use the command line: infra upload analytics FILE.";
    case 413: return "The request is too large for the API.";
    case 500: return "The API failed. That is a fault on its side: try again, and tell whoever runs it if it stays.";
    case 502: case 504: return "The API did not answer in time. Try again in a minute.";
    default: return said ? said[0].toUpperCase() + said.slice(1) + "." : `The API answered ${response.status}.`;
  }
}

let waiting = 0;

/// Tells why and for how long, then returns. Several requests that wait share the line.
async function countDown(why, seconds, signal) {
  waiting++;
  try {
    for (let left = seconds; left > 0; left--) {
      signal?.throwIfAborted();
      // Read out once, and not each second.
      notice(why, " ", make("span", { "aria-hidden": left !== seconds }, `Trying again in ${count(left)} s.`));
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  } finally {
    if (--waiting === 0) notice();
  }
}

let asked;

/// Resolves once another token than `refused` has been given; all that wait for one are told together.
async function askForToken(refused, signal) {
  if (sessionStorage.getItem(TOKEN) !== refused) return;
  const dialog = byId("token-dialog");
  asked ??= new Promise(resolve => {
    byId("token-why").textContent = refused ? "The token was not accepted" : "This API asks for a token";
    dialog.showModal();
    dialog.addEventListener("close", () => { asked = undefined; resolve() }, { once: true });
  });
  await asked;
  signal?.throwIfAborted();
  if (sessionStorage.getItem(TOKEN) === refused) throw new Refused(401, "The API answers only with a token.");
}
byId("token-no").addEventListener("click", () => byId("token-dialog").close());
byId("token-form").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId("token").value.trim());
  byId("token").value = "";
  byId("token-dialog").close();
});
