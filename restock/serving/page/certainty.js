// What 90, 95 and 98 % cost, side by side: the same question asked at three service levels.

import { html } from "./html.js";
import { amount, count, money } from "./words.js";
import { odds } from "./why.js";

export const LEVELS = ["0.9", "0.95", "0.98"];

function sumOf(parts) {
  const ordered = parts.filter((part) => part.order_quantity > 0);
  const priced = ordered.filter((part) => Number.isFinite(part.unit_cost));
  const sum = (value, of = ordered) => of.reduce((total, part) => total + value(part), 0);
  return { parts: ordered.length, units: sum((part) => part.order_quantity), hold: parts.filter((part) => !part.discontinued).reduce((total, part) => total + part.order_up_to, 0),
    cost: priced.length ? sum((part) => part.order_quantity * part.unit_cost, priced) : null, without: ordered.length - priced.length };
}

export async function compare(service, policy, part) {
  const answers = await Promise.all(LEVELS.map((level) => service.get("v1/restock", { ...policy, service_level: level, ...(part ? { part } : {}) })));
  return answers.map(({ parts, unknown_stock }, index) => ({ level: Number(LEVELS[index]), ...sumOf([...parts, ...(part ? unknown_stock : [])]) }));
}

export function Certainty({ rows, problem }) {
  if (!rows) return html`<p class="quiet">${problem || "Loading …"}</p>`;
  const hasCost = rows.some((row) => row.cost !== null);
  const without = Math.max(...rows.map((row) => row.without));
  return html`<table class="scores"><caption class="hidden">What more certainty costs</caption>
    <thead><tr><th scope="col">Enough</th><th scope="col" class="number">Hold in all</th><th scope="col" class="number">Order now</th>${hasCost && html`<th scope="col" class="number">Costs</th>`}</tr></thead>
    <tbody>${rows.map(({ level, units, hold, cost }) => html`<tr key=${level}><th scope="row">${odds(level)}</th><td class="number">${amount(hold)}</td><td class="number">${amount(units)}</td>${hasCost && html`<td class="number">${cost === null ? "–" : money(cost)}</td>`}</tr>`)}</tbody></table>
    ${hasCost && without > 0 && html`<p class="quiet">${count(without, "part")} of unknown cost left out of the sums of money.</p>`}`;
}
