// Tokens from the server: three ways to read one answer.

/** What went wrong, in the server's words. */
export class Failure extends Error {}

/** The `data:` of each Server-Sent Event in `body`, however the network cut it. */
async function* frames(body) {
  const text = body.pipeThrough(new TextDecoderStream());
  let rest = "", data = [];
  for await (const piece of pieces(text)) {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      else if (line === "" && data.length) { yield data.join("\n"); data = []; }
    }
  }
}

/** A stream as an iterator, also where ReadableStream is none itself. */
async function* pieces(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** The event that `data` holds; null for the end. Throws the server's error. */
function decode(data) {
  if (data === "[DONE]") return null;
  const event = JSON.parse(data);
  if (event.error) throw new Failure(event.error.message);
  return event;
}

/** Status and message of a response that is no answer. */
async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const details = (body.detail ?? []).map(
    (each) => `${each.loc.slice(1).join(".")}: ${each.msg}`);
  const words = body.error?.message ?? details.join("; ");
  return new Failure(`${response.status} ${words || response.statusText}`);
}

function post(fields, signal, accept) {
  return fetch("generate", {
    method: "POST", signal, body: JSON.stringify(fields),
    // Exactly this Accept: jupyter-server-proxy passes a stream on only if it sees it.
    headers: { "Content-Type": "application/json", "Accept": accept },
  });
}

/** Streamed, by `fetch`. */
async function* byFetch(fields, signal) {
  const response = await post({ ...fields, stream: true }, signal, "text/event-stream");
  if (!response.ok) throw await refusal(response);
  for await (const data of frames(response.body)) {
    const event = decode(data);
    if (event === null) return;
    yield event;
  }
  throw new Failure("the stream was cut off: it ended without [DONE]");
}

/** Streamed, by the browser's own reader, which can only GET. */
async function* byEventSource(fields, signal) {
  const source = new EventSource(`generate?${new URLSearchParams(fields)}`);
  const arrived = [];
  let wake = () => {};
  const put = (item) => { arrived.push(item); wake(); };
  source.onmessage = (message) => put(message.data);
  // Without close() it would ask again, and the model would answer a second time.
  source.onerror = () => { source.close(); put(undefined); };
  signal.addEventListener("abort", () => put(signal.reason));
  try {
    for (;;) {
      while (arrived.length === 0) await new Promise((resolve) => { wake = resolve; });
      const item = arrived.shift();
      if (item === undefined)
        throw new Failure("refused or cut off; EventSource is not told why: try fetch");
      if (typeof item !== "string") throw item;
      const event = decode(item);
      if (event === null) return;
      yield event;
    }
  } finally {
    source.close();
  }
}

/** Nothing until all of it is made: one event with the whole text. */
async function* whole(fields, signal) {
  const response = await post(fields, signal, "application/json");
  if (!response.ok) throw await refusal(response);
  const answer = await response.json();
  yield { token: answer.text, finish_reason: answer.finish_reason,
          count: answer.completion_tokens };
}

export const WAYS = { fetch: byFetch, events: byEventSource, whole };
