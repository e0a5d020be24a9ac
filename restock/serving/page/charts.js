// The two charts of a part: what was used per day and is expected, and what will be needed against what is there.

import { day } from "./words.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const seconds = (text) => Date.parse(`${text}T00:00:00Z`) / 1000;
const DAY = 86400;

function axes() {
  const line = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const words = (_, splits) => splits.map((at) => day(new Date(at * 1000).toISOString().slice(0, 10)));
  return [{ ...line, values: words, space: 70 }, { ...line, size: 44 }];
}

function draw(place, options, data) {
  place.replaceChildren();
  const chart = new uPlot({ width: place.clientWidth || 600, height: 190, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"), axes: axes(), legend: { live: false }, cursor: { show: false }, ...options }, data, place);
  const observer = new ResizeObserver(() => place.clientWidth && chart.setSize({ width: place.clientWidth, height: 190 }));
  observer.observe(place);
  return () => (observer.disconnect(), chart.destroy());
}

export function daily(place, recent, recentFrom, mean, from) {
  const past = recent.map((_, index) => seconds(recentFrom) + index * DAY);
  const future = mean.map((_, index) => seconds(from) + index * DAY);
  const between = Math.max(0, Math.round((future[0] - past.at(-1)) / DAY) - 1);
  const gap = Array.from({ length: between }, (_, index) => past.at(-1) + (index + 1) * DAY);
  const none = (count) => Array(count).fill(null);
  return draw(place, {
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    series: [
      {},
      { label: "used", paths: uPlot.paths.bars({ size: [0.7, 12] }), fill: colour("--bar"), points: { show: false } },
      { label: "expected", stroke: colour("--accent"), width: 2, points: { show: false } },
    ],
  }, [[...past, ...gap, ...future], [...recent, ...none(gap.length + future.length)], [...none(past.length + gap.length), ...mean]]);
}

export function needed(place, from, mean, quantiles, onHand) {
  let sum = 0;
  const total = mean.map((one) => (sum += one));
  const at = mean.map((_, index) => seconds(from) + index * DAY);
  return draw(place, {
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    bands: [{ series: [3, 2], fill: colour("--band") }],
    series: [
      {},
      { label: "expected", stroke: colour("--accent"), width: 2, points: { show: false } },
      { label: "at least, 9 in 10", stroke: colour("--bar"), width: 1, points: { show: false } },
      { label: "at most, 9 in 10", stroke: colour("--bar"), width: 1, points: { show: false } },
      { label: "in stock", stroke: colour("--warning"), width: 2, dash: [6, 4], points: { show: false } },
    ],
  }, [at, total, quantiles["0.1"], quantiles["0.9"], at.map(() => (onHand === null ? null : Math.max(0, onHand)))]);
}
