// Talking to the server. Addresses are relative, so that the page may lie below a path of a proxy.

/** Sends a request; what was refused becomes an error with the server's words. */
export async function call(method, path, body) {
  const request = { method, headers: {} };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`observatory/${path}`, request);
  } catch {
    throw new Error("The server does not answer.");
  }
  const text = await response.text();
  if (response.ok) return text === "" ? null : JSON.parse(text);
  throw new Error(words(text) ?? `The server answered ${response.status}.`);
}

function words(text) {
  try {
    const { error, hint } = JSON.parse(text);
    return hint ? `${error} (${hint})` : error;
  } catch {
    return text || undefined;
  }
}

/** Calls handlers, by name, with what the server tells from now on; `lost` when it cannot be reached. */
export function listen(handlers, lost) {
  const source = new EventSource("observatory/events");
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  source.addEventListener("error", lost);
}
