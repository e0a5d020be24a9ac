// The two charts of a part: what was used per day and is expected, and what will be needed against what is there.
// Loaded when the first part is opened, and uPlot with it.

import { day } from "./words.js";

const DAY = 86400;
const HEIGHT = 190;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const seconds = (text) => Date.parse(`${text}T00:00:00Z`) / 1000;
const none = (count) => Array(count).fill(null);
const fromZero = { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } };

let library;

function loaded() {
  library ??= new Promise((resolve, reject) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("./vendor/uPlot.min.css", import.meta.url) });
    const script = Object.assign(document.createElement("script"), { src: new URL("./vendor/uPlot.iife.min.js", import.meta.url), onload: resolve });
    script.onerror = () => (library = reject(new Error("The charts cannot be loaded at the moment.")), script.remove());
    document.head.append(style, script);
  });
  return library;
}

function axes() {
  const line = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const words = (_, splits) => splits.map((at) => day(new Date(at * 1000).toISOString().slice(0, 10)));
  return [{ ...line, values: words, space: 70 }, { ...line, size: 44 }];
}

async function chart(place, options, data) {
  await loaded();
  place.replaceChildren();
  const made = new uPlot({ width: place.clientWidth || 600, height: HEIGHT, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"), axes: axes(),
    legend: { live: false }, cursor: { show: false }, scales: fromZero, ...options }, data, place);
  const observer = new ResizeObserver(() => place.clientWidth && made.setSize({ width: place.clientWidth, height: HEIGHT }));
  observer.observe(place);
  return () => (observer.disconnect(), made.destroy());
}

// `weeks`: [{ from, expected }] of the past, drawn as that much a day.
export function daily(place, { recent, recentFrom, weeks, mean, from }) {
  const past = recent.map((_, index) => seconds(recentFrom) + index * DAY);
  const future = mean.map((_, index) => seconds(from) + index * DAY);
  const between = Math.max(0, Math.round((future[0] - past.at(-1)) / DAY) - 1);
  const gap = Array.from({ length: between }, (_, index) => past.at(-1) + (index + 1) * DAY);
  const said = past.map((at) => {
    const week = weeks.find(({ from: monday }) => at >= seconds(monday) && at < seconds(monday) + 7 * DAY);
    return week ? week.expected / 7 : null;
  });
  return chart(place, {
    series: [
      {},
      { label: "used", paths: (...about) => uPlot.paths.bars({ size: [0.7, 12] })(...about), fill: colour("--bar"), points: { show: false } },
      { label: "was forecast", stroke: colour("--accent"), width: 2, dash: [4, 3], points: { show: false } },
      { label: "expected", stroke: colour("--accent"), width: 2, points: { show: false } },
    ],
  }, [[...past, ...gap, ...future], [...recent, ...none(gap.length + future.length)], [...said, ...none(gap.length + future.length)], [...none(past.length + gap.length), ...mean]]);
}

// Days on which something comes stand as upright lines with their names: this order, and that of the next look.
function marks(named) {
  return (drawn) => {
    const { ctx: pen, bbox: box } = drawn;
    pen.save();
    pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    pen.textBaseline = "top";
    pen.strokeStyle = pen.fillStyle = colour("--quiet");
    pen.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    named.forEach(({ at, name }, index) => {
      const x = drawn.valToPos(at, "x", true);
      if (x < box.left || x > box.left + box.width + 1) return;
      pen.beginPath();
      pen.moveTo(x, box.top);
      pen.lineTo(x, box.top + box.height);
      pen.stroke();
      const isLate = x > box.left + box.width * 0.6;
      pen.textAlign = isLate ? "right" : "left";
      pen.fillText(name, x + (isLate ? -4 : 4) * devicePixelRatio, box.top + index * 14 * devicePixelRatio);
    });
    pen.restore();
  };
}

// `comings`: [{ day, quantity }] on its way; `order`: what is ordered today, if anything.
export function needed(place, { from, mean, low, high, highName, onHand, comings, order, lead, review }) {
  const start = seconds(from);
  const at = [start, ...mean.map((_, index) => start + (index + 1) * DAY)];
  let sum = 0;
  const arrivals = [...comings, { day: null, quantity: order, at: start + lead * DAY }].map((one) => ({ ...one, at: one.at ?? seconds(one.day) }));
  const there = onHand === null ? none(at.length)
    : at.map((moment) => Math.max(0, onHand) + arrivals.filter((one) => one.at <= moment).reduce((total, one) => total + one.quantity, 0));
  const orders = [{ at: start + lead * DAY, name: "an order of today arrives" }, { at: start + (lead + review) * DAY, name: "one of the next look arrives" }];
  return chart(place, {
    bands: [{ series: [3, 2], fill: colour("--band") }],
    hooks: { draw: [marks(orders)] },
    series: [
      {},
      { label: "expected", stroke: colour("--accent"), width: 2, points: { show: false } },
      { label: "at least, 9 in 10", stroke: colour("--bar"), width: 1, points: { show: false } },
      { label: highName, stroke: colour("--bar"), width: 1, points: { show: false } },
      { label: "there, with what comes", stroke: colour("--warning"), width: 2, dash: [6, 4], points: { show: false }, paths: (...about) => uPlot.paths.stepped({ align: 1 })(...about) },
    ],
  }, [at, [0, ...mean.map((one) => (sum += one))], [0, ...low], [0, ...high], there]);
}
