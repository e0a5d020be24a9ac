// One part in a dialog: why so many, in words and pictures, and what other certainties cost.

import { Certainty, compare } from "./certainty.js";
import { Facts } from "./facts.js";
import { $, draw, html } from "./html.js";
import { about } from "./table.js";
import { amount, count } from "./words.js";
import { comingsOf, odds, periodOf, told, used, why } from "./why.js";

const LOW = 0.1;
let opened = 0;
let endCharts = () => {};

const level = (number) => String(Number(number));

function figures(part, many) {
  const stock = part.on_hand === null ? "unknown" : amount(part.on_hand);
  const shown = [["Order now", part.on_hand === null ? "–" : amount(many)], ["In stock", stock], ["On order", amount(part.on_order)], ["Reorder at", amount(part.reorder_point)], ["Order up to", amount(part.order_up_to)]];
  return shown.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`);
}

async function showForecast(service, part, answer, many, isOpen) {
  const days = periodOf(part, answer.review_days);
  const high = Math.max(answer.service_level, 0.5);
  const forecast = await service.get("v1/forecast", { part: part.part, days, quantiles: `${LOW},${high}`, recent: true });
  if (!isOpen()) return;
  const [{ mean, quantiles, recent, past_weeks: weeks }] = forecast.parts;
  $("part-used").textContent = `${used(recent, forecast.recent_from)} ${told(weeks)}`;
  const { daily, needed } = await import("./charts.js");
  if (!isOpen()) return;
  const ends = await Promise.all([
    daily($("part-daily"), { recent, recentFrom: forecast.recent_from, weeks, mean, from: forecast.from }),
    needed($("part-needed"), { from: forecast.from, mean, low: quantiles[level(LOW)], high: quantiles[level(high)], highName: `at most, ${odds(high)}`, onHand: part.on_hand, comings: comingsOf(part, answer.from),
      order: many, lead: part.lead_time_days, review: answer.review_days }),
  ]);
  if (!isOpen()) return ends.forEach((end) => end());
  endCharts = () => ends.forEach((end) => end());
  $("part-daily").setAttribute("aria-label", `Bars of daily use over ${recent.length} days, with a line of what was forecast of them, then a line of expected use`);
  $("part-needed").setAttribute("aria-label", `Expected need growing to ${amount(mean.reduce((sum, one) => sum + one, 0))} in ${count(days, "day")}, with its band, and what is there, with what comes`);
}

async function showFacts(ordering, part, today, isOpen, onSaved) {
  let known = await ordering.facts(part.part);
  const show = (problem) => isOpen() && draw(html`<${Facts} ...${{ known, problem, today, onSave }} />`, $("part-facts"));
  const onSave = async (asked) => {
    if (!Object.keys(asked).length) return;
    try {
      known = { ...known, facts: await ordering.note(known.facts, asked) };
      onSaved(part.part);
    } catch (error) {
      if (error.content?.facts) known = { ...known, facts: error.content.facts };
      show(error.message);
    }
  };
  show();
}

// `many`: how many of it are about to be ordered. `onSaved` hears of facts that have changed.
export async function open({ service, ordering, part, answer, many, policy, onSaved }) {
  const mine = ++opened;
  const isOpen = () => mine === opened && $("part").open;
  close();
  $("part-name").textContent = part.name;
  $("part-about").textContent = [about(part), `delivery in ${count(part.lead_time_days, "day")}`].filter(Boolean).join(" · ");
  draw(html`${figures(part, many)}`, $("part-figures"));
  draw(html`${why(part, answer).map((line) => html`<li key=${line}>${line}</li>`)}`, $("part-why"));
  $("part-used").textContent = "Loading …";
  draw(html`<${Certainty} />`, $("part-certainty"));
  draw(html`<${Facts} />`, $("part-facts"));
  if (!$("part").open) $("part").showModal();
  await Promise.all([
    showForecast(service, part, answer, many, isOpen).catch((error) => isOpen() && ($("part-used").textContent = error.message)),
    showFacts(ordering, part, answer.from, isOpen, onSaved).catch((error) => isOpen() && draw(html`<${Facts} problem=${error.message} />`, $("part-facts"))),
    compare(service, policy, part.part).then((rows) => isOpen() && draw(html`<${Certainty} rows=${rows} />`, $("part-certainty")))
      .catch((error) => isOpen() && draw(html`<${Certainty} problem=${error.message} />`, $("part-certainty"))),
  ]);
}

export function close() {
  endCharts();
  endCharts = () => {};
  for (const id of ["part-daily", "part-needed"]) $(id).replaceChildren();
}
