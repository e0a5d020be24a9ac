// What the forecast says otherwise than the one before, and how good it has been: each shown if it can be had.

import { html } from "./html.js";
import { amount, count } from "./words.js";

const SCORES = { spl_7: "Week", spl_30: "Month", rmsse: "Day", cost: "Cost of stock" };
const score = (number) => (Number.isFinite(number) ? number.toFixed(3) : "–");

export function Changes({ changes, problem }) {
  if (!changes) return html`<p class="quiet">${problem ? `This cannot be told at the moment: ${problem}` : "Loading …"}</p>`;
  const { since, counts, parts, days } = changes;
  if (!since) return html`<p class="quiet">This is the first version, or the one before is no longer there.</p>`;
  return html`<p class="quiet">Expected demand of the next ${count(days, "day")}, against version ${since.version}. ${count(counts.parts, "part")} moved, ${amount(counts.added)} came, ${amount(counts.removed)} went.</p>
    <ul class="changes" aria-label="Parts whose expected demand moved most">${parts.map(({ part, name, before, after, change }) =>
      html`<li key=${part}><strong dir="auto">${name}</strong> ${change > 0 ? "up" : "down"} from ${amount(before)} to ${amount(after)}</li>`)}</ul>`;
}

export function Quality({ model, problem }) {
  if (!model) return html`<p class="quiet">${problem ? `This cannot be told at the moment: ${problem}` : "Loading …"}</p>`;
  const scores = model.scores ?? {};
  const methods = [["This forecast", scores.challenger], ...Object.entries(scores.baselines ?? {})].filter(([, found]) => found && Object.keys(found).length);
  const measures = Object.keys(SCORES).filter((name) => methods.some(([, found]) => Number.isFinite(found[name])));
  if (!measures.length) return html`<p class="quiet">There is too little history to say yet.</p>`;
  return html`<p class="quiet">Errors in forecasting this shop's own past, scaled so that shops compare; lower is better.</p>
    <table class="scores"><caption class="hidden">Errors of the forecast and of simpler methods on the shop's own past</caption>
      <thead><tr><th scope="col">Method</th>${measures.map((name) => html`<th key=${name} scope="col" class="number">${SCORES[name]}</th>`)}</tr></thead>
      <tbody>${methods.map(([name, found]) => html`<tr key=${name}><th scope="row">${name}</th>${measures.map((measure) => html`<td key=${measure} class="number">${score(found[measure])}</td>`)}</tr>`)}</tbody>
    </table>`;
}
