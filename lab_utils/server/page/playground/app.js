// The page: a form, one run at a time, and what it draws while the run grows.

import { WAYS } from "./events.js";
import { AT_ONCE_MS, describe, draw, extentFor, milliseconds, wait } from "./picture.js";

const PING_EVERY_MS = 250, IDLE_PING_EVERY_MS = 2000, GIVE_UP_MS = 30_000;
const FRAME_MS = 100;
const FINISHED = {
  stop: "complete: the model made its end token",
  length: "cut off: it reached max tokens",
};
const $ = (id) => document.getElementById(id);

let run = newRun();
let leave = null;      // the AbortController of the request that runs
let spoken = 0, drawn = -Infinity, written = 0, lastPing = -Infinity;

function newRun() {
  return { began: 0, now: 0, extent: extentFor(0), arrivals: [], pieces: [], count: 0,
           pings: [], running: false, left: undefined, about: "" };
}

function seconds() { return (performance.now() - run.began) / 1000; }

function fields() {
  const given = { prompt: $("prompt").value, max_tokens: $("max_tokens").valueAsNumber,
                  temperature: $("temperature").valueAsNumber };
  const seed = $("seed").valueAsNumber;
  return Number.isNaN(seed) ? given : { ...given, seed };
}

async function generate() {
  if (leave || !$("form").reportValidity()) return;
  leave = new AbortController();
  run = Object.assign(newRun(), { running: true, began: performance.now() });
  [spoken, written] = [0, 0];
  for (const id of ["text", "rows", "speech"]) $(id).replaceChildren();
  busy(true);
  say("waiting for the first token");
  ping();
  let reason = "";
  try {
    for await (const event of WAYS[$("way").value](fields(), leave.signal)) {
      arrive(event);
      reason = event.finish_reason ?? reason;
    }
    finish(FINISHED[reason] ?? "complete");
  } catch (error) {
    if (leave.signal.aborted) {
      run.left = seconds();
      finish("stopped: the reader left");
    } else {
      finish(`failed: ${error.message}`, true);
    }
  }
}

function arrive(event) {
  run.arrivals.push(seconds());
  run.pieces.push(event.token);
  run.count += event.count ?? 1;
  if (run.arrivals.length === 1) say("arriving");
}

function finish(words, failed = false) {
  run.now = seconds();
  run.running = false;
  leave = null;
  busy(false);
  ping();
  paint();
  say(words, failed);
  speak(`${run.pieces.join("").slice(spoken)} ${words}. ${describe(run)}`);
}

/** While a request runs it can be stopped, and no second one begins. The focus never
 *  stays on a button that has gone dead. */
function busy(is) {
  const focused = document.activeElement;
  $("stop").disabled = !is;
  $("start").disabled = is;
  $("caret").hidden = !is;
  $("answer").setAttribute("aria-busy", is);
  if (is && focused === $("start")) $("stop").focus();
  if (!is && focused === $("stop")) $("start").focus();
}

function say(words, failed = false) {
  $("status").textContent = words;
  $("status").classList.toggle("failed", failed);
}

function speak(words) { $("speech").textContent = words; }

/** Hand whole sentences to the screen reader, each once. */
function speakSentences() {
  const text = run.pieces.join(""), ends = [...text.matchAll(/[.!?…](?=\s)/g)];
  const end = ends.length ? ends.at(-1).index + 1 : 0;
  if (end > spoken) { speak(text.slice(spoken, end)); spoken = end; }
}

function paint() {
  const answer = $("answer");
  const atEnd = answer.scrollHeight - answer.scrollTop - answer.clientHeight < 40;
  $("text").append(run.pieces.slice(written).join(""));
  rows();
  written = run.pieces.length;
  if (atEnd) answer.scrollTop = answer.scrollHeight;
  if (run.now > run.extent) run.extent = extentFor(run.now);
  draw($("picture"), run);
  figures();
}

function rows() {
  for (let k = written; k < run.pieces.length; k++) {
    const row = $("rows").insertRow(), ms = 1e3 * run.arrivals[k];
    const gap = k ? (ms - 1e3 * run.arrivals[k - 1]).toFixed(1) : "";
    for (const words of [k + 1, ms.toFixed(1), gap, JSON.stringify(run.pieces[k])])
      row.insertCell().textContent = words;
  }
}

function figures() {
  const { arrivals } = run;
  const gaps = arrivals.slice(1).map((s, k) => 1e3 * (s - arrivals[k])).sort((a, b) => a - b);
  const share = (p) => gaps[Math.max(0, Math.ceil(p * gaps.length) - 1)];
  const span = arrivals.length ? arrivals.at(-1) - arrivals[0] : 0;
  const waits = run.pings.map((ping) => wait(run, ping));
  const slowest = waits.length ? Math.max(...waits) : undefined;
  const cards = [
    ["first", arrivals.length ? milliseconds(1e3 * arrivals[0]) : "–", "first token"],
    ["", `${run.count}`, "tokens"],
    ["", span > 0 ? `${((arrivals.length - 1) / span).toFixed(1)} /s` : "–", "tokens per second"],
    ["", milliseconds(share(0.5)), "gap, median"],
    ["", milliseconds(share(0.95)), "gap, 95th percentile"],
    [slowest > AT_ONCE_MS ? "late" : "alive", milliseconds(slowest), "slowest /health"],
  ];
  $("figures").replaceChildren(...cards.map(([kind, value, what]) => {
    const card = document.createElement("div");
    card.className = kind;
    const [dt, dd] = ["dt", "dd"].map((tag) => document.createElement(tag));
    [dt.textContent, dd.textContent] = [what, value];
    card.append(dt, dd);
    return card;
  }));
}

/** One /health request. The next is sent on schedule, whether this one was answered or
 *  not: pings that wait for each other would miss the stall that they look for. */
async function ping() {
  lastPing = performance.now();
  const mine = run, sent = { sent: seconds() };
  if (mine.running) mine.pings.push(sent);
  try {
    const response = await fetch("health", {
      cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (mine.running) sent.answered = (performance.now() - mine.began) / 1000;
    light(response, await response.json());
  } catch {
    lamp("late", "/health does not answer: is the server still running?");
  }
}

function light(response, health) {
  const pace = /pace;dur=([\d.]+)/.exec(response.headers.get("Server-Timing"))?.[1] ?? 0;
  const words = [health.model, health.runner,
    pace > 0 && `paced: at least ${pace} ms per step`,
    `${health.running} running, ${health.waiting} waiting`];
  if (response.ok) lamp("ok", `alive · ${words.filter(Boolean).join(" · ")}`);
  else lamp("late", `/health says ${response.status}: ${health.status ?? "no engine"}`);
}

function lamp(state, words) {
  const before = $("light").dataset.state;
  if (before && before !== state) speak(words);  // not each count of who is running
  $("light").dataset.state = state;
  if ($("health").textContent !== words) $("health").textContent = words;
}

function tick() {
  const now = performance.now();
  const every = run.running ? PING_EVERY_MS : IDLE_PING_EVERY_MS;
  if (now - lastPing >= every && !document.hidden) ping();
  if (run.running && now - drawn >= FRAME_MS) {
    drawn = now;
    run.now = seconds();
    paint();
    speakSentences();
  }
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); generate(); });
$("stop").addEventListener("click", () => leave?.abort());
$("prompt").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  generate();
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") leave?.abort(); });
window.addEventListener("resize", () => {
  if (run.running) run.now = seconds();
  paint();
});
setInterval(tick, 50);
ping();
paint();
