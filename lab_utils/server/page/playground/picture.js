// A run as a picture: tokens and /health pings on one time axis, in seconds since sent.

const SVG = "http://www.w3.org/2000/svg";
const NARROW = 560;
export const AT_ONCE_MS = 50;

export function milliseconds(ms) {
  if (ms === undefined || ms === null) return "–";
  return ms < 9995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** The next of 1, 1.2, 1.5, 2, … times a power of ten, so that an axis grows in steps. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return steps.map((step) => step * power).find((step) => value <= step * 1.0001);
}

/** The end of an axis that holds `now`. */
export function extentFor(now) { return roundUp(1.05 * Math.max(now, 0.5)); }

/** What `run` shows, in words. */
export function describe(run) {
  const { arrivals, pings } = run;
  const first = arrivals.length ? `the first after ${milliseconds(1e3 * arrivals[0])}` : "none yet";
  const late = pings.filter((ping) => wait(run, ping) > AT_ONCE_MS).length;
  return `${run.count} tokens, ${first}. ` + (late
    ? `${late} of ${pings.length} health checks waited.`
    : `All ${pings.length} health checks were answered at once.`);
}

/** How long a ping waited, or has waited so far, in milliseconds. */
export function wait(run, ping) { return 1e3 * ((ping.answered ?? run.now) - ping.sent); }

/** Draws `run` anew into `place`. */
export function draw(place, run) {
  const width = Math.max(300, place.clientWidth);
  const left = width < NARROW ? 8 : 84, right = width - 12;
  const names = width < NARROW ? 18 : 0;
  const [token, health, foot] = [34 + names, 108 + 2 * names, 188 + 2 * names];
  const svg = make("svg", { viewBox: `0 0 ${width} ${foot + 62}`, role: "img" });
  const at = (s) => left + Math.min(s / run.extent, 1) * (right - left);
  svg.append(make("title", {}, "Tokens and health checks over time"),
             make("desc", {}, describe(run)));
  name(svg, width, token, "tokens", 34);  // above the words of the first token
  name(svg, width, health - 25, "/health", -2);
  tokens(svg, run, at, left, right, token);
  pings(svg, run, at, health);
  if (run.running) line(svg, at(run.now), 28 + names, at(run.now), foot, "now");
  axis(svg, run.extent, at, left, right, foot);
  legend(svg, left, foot + 54, width);
  place.replaceChildren(svg);
}

function name(svg, width, y, words, rise = 8) {
  const narrow = width < NARROW;
  svg.append(make("text", { x: 0, y: narrow ? y - rise : y + 30, class: "note" }, words));
}

function tokens(svg, run, at, left, right, y) {
  const height = 46, { arrivals } = run;
  svg.append(make("rect", { x: left, y, width: right - left, height, class: "band" }));
  const first = at(arrivals[0] ?? run.now);
  for (let x = left; x < first; x += 9) {
    const end = Math.min(x + 12, first);
    line(svg, x, y + height, end, y + height * (1 - (end - x) / 12), "hatch");
  }
  const places = arrivals.slice(1).map(at);
  const dense = places.length && places.at(-1) - places[0] < 5 * places.length;
  const d = places.map((x) => `M${x.toFixed(1)} ${y + 4}v${height - 8}`).join("");
  svg.append(make("path", { d, class: dense ? "token thin" : "token" }));
  if (run.left !== undefined) {
    const x = at(run.left), m = y + height / 2;
    line(svg, x - 8, m - 8, x + 8, m + 8, "left");
    line(svg, x - 8, m + 8, x + 8, m - 8, "left");
  }
  if (!arrivals.length) return;
  line(svg, first, y - 7, first, y + height + 7, "first");
  const end = first > (left + right) / 2;
  svg.append(make("text", { x: first + (end ? 4 : -2), y: y - 12, class: "first",
    "text-anchor": end ? "end" : "start" },
  `first token ${milliseconds(1e3 * arrivals[0])}`));
}

/** Dots for those answered at once; the others as lines, each on a row of its own. */
function pings(svg, run, at, y) {
  let row = 0;
  for (const ping of run.pings) {
    const x = at(ping.sent), waited = wait(run, ping);
    if (waited <= AT_ONCE_MS) {
      if (ping.answered !== undefined)
        svg.append(make("circle", { cx: x, cy: y, r: 4.5, class: "dot" }));
      row = 0;
      continue;
    }
    const lower = y + Math.min(row++ * 6, 54), end = at(ping.answered ?? run.now);
    svg.append(make("circle", { cx: x, cy: lower, r: 2, class: "late" }));
    line(svg, x, lower, end, lower, "late");
    if (ping.answered === undefined)
      svg.append(make("path", { d: `M${end - 5} ${lower - 4}l5 4l-5 4`, class: "late" }));
    else line(svg, end, lower - 4, end, lower + 4, "late");
  }
}

function axis(svg, extent, at, left, right, y) {
  line(svg, left, y, right, y, "rule");
  const rough = extent / 6, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => rough <= each);
  for (let k = 0; k * step <= extent * 1.0001; k++) {
    line(svg, at(k * step), y, at(k * step), y + 5, "rule");
    const last = (k + 1) * step > extent * 1.0001;
    svg.append(make("text", { x: at(k * step), y: y + 22, class: "note",
      "text-anchor": k === 0 ? "start" : last ? "end" : "middle" },
    `${+(k * step).toFixed(6)}${last ? " s" : ""}`));
  }
}

function legend(svg, x, y, width) {
  line(svg, x + 4, y - 13, x + 4, y + 3, "token");
  svg.append(make("text", { x: x + 14, y, class: "note" }, "a token"));
  svg.append(make("circle", { cx: x + 94, cy: y - 5, r: 4.5, class: "dot" }));
  svg.append(make("text", { x: x + 104, y, class: "note" },
                  width < NARROW ? "answered" : "/health answered at once"));
  const w = x + (width < NARROW ? 196 : 322);
  line(svg, w, y - 5, w + 26, y - 5, "late");
  line(svg, w + 26, y - 10, w + 26, y, "late");
  svg.append(make("text", { x: w + 34, y, class: "note" },
                  width < NARROW ? "waits" : "/health waits"));
}

function line(svg, x1, y1, x2, y2, kind) {
  svg.append(make("line", { x1, y1, x2, y2, class: kind }));
}

function make(kind, attributes = {}, words = "") {
  const element = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = words;
  return element;
}
