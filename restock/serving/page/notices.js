// What somebody should know who relies on the list: how old it is, and what it cannot know.

import { html } from "./html.js";
import { ago, amount, clock, count, date } from "./words.js";

export function Ages({ answer, now }) {
  const read = Date.parse(answer.stock_read_at);
  const trained = Date.parse(answer.model.trained_at);
  return html`Stock of ${clock(read)} (${ago(now - read)}) · forecast version ${answer.model.version} of ${ago(now - trained)} · advice from ${date(answer.from)}`;
}

// The last answer stays on the screen when a newer one cannot be had.
export function Stale({ problem, readAt, now, onRetry }) {
  return problem && html`<p class="warning">Not refreshed: ${problem} You see what was known ${ago(now - readAt)}. <button type="button" class="second" onClick=${onRetry}>Try again</button></p>`;
}

function setbacks({ training, model }) {
  const many = training?.setbacks_in_a_row ?? 0;
  return many ? `No newer forecast: the last ${many > 1 ? count(many, "training") : "training"} came to nothing (${training.last_setback}). `
    + `${count(training.completions_waiting, "completed appointment waits", "completed appointments wait")} to be learnt from.` : null;
}

const OLD_DAYS = 3;

export function notices({ answer, model, changes, now }) {
  const age = (now - Date.parse(answer.model.trained_at)) / 86_400_000;
  const known = [
    model && setbacks(model),
    model?.problem && `A newer forecast cannot be served: ${model.problem}.`,
    age > OLD_DAYS && `The forecast is ${count(Math.floor(age), "day")} old.`,
    answer.unknown_stock.length && `Of ${count(answer.unknown_stock.length, "part")} the stock is unknown: see below.`,
    ...(model?.notes ?? []).map((note) => `${note[0].toUpperCase()}${note.slice(1)}.`),
  ].filter(Boolean).map((text) => ({ text }));
  const unusual = (changes?.unusual ?? []).map(({ part, name, came, days, expected }) =>
    ({ part, name, text: `: ${amount(came)} used in ${count(days, "day")}, where ${amount(expected)} were expected. A typing error, or news?` }));
  return [...known, ...unusual];
}

export function Notices({ all, onOpen }) {
  return all.length > 0 && html`<details class="notices" open=${all.length === 1 && matchMedia("(min-width: 46.01rem)").matches}><summary>${count(all.length, "thing")} to know</summary>
    <ul>${all.map(({ part, name, text }) => html`<li key=${text}>${part && html`<button type="button" class="plain part" dir="auto" onClick=${() => onOpen(part)}>${name}</button>`}${text}</li>`)}</ul></details>`;
}
