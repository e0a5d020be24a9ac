// Drafts: orders that were written down and not placed. Every line can be changed; what stands on the screen is what is ordered.

import { html } from "./html.js";
import { amount, count, date, money, quantity } from "./words.js";

const heading = (draft) => [`kept ${date((draft.edited_at ?? draft.created_at).slice(0, 10))} by ${(draft.edited_by ?? draft.created_by) || "nobody known"}`, count(draft.lines.length, "line"), draft.cost > 0 && money(draft.cost)].filter(Boolean).join(" · ");

// A line of none is left out. Without any line there is nothing to keep: null, and the first field says so.
function read(form, draft) {
  const lines = draft.lines.map(({ part, name, unit_cost: cost }, index) => ({ part, name, quantity: Number(form.elements[`quantity-${index}`].value), ...(cost === null ? {} : { unit_cost: cost }) }))
    .filter((line) => line.quantity > 0);
  const first = form.elements["quantity-0"];
  first.setCustomValidity(lines.length ? "" : "Keep at least one line, or discard the draft.");
  return form.reportValidity() ? { supplier: form.elements.supplier.value.trim(), note: form.elements.note.value.trim(), lines } : null;
}

function Draft({ draft, onChange, onPlaceDraft }) {
  const what = draft.supplier || "no supplier named";
  const sent = (act) => (event) => {
    event.preventDefault();
    const asked = read(event.target.form ?? event.target, draft);
    if (asked) act(draft, asked);
  };
  return html`<li><details class="order" data-order=${draft.id}><summary><strong dir="auto">${draft.supplier || "No supplier named"}</strong> <span class="quiet">${heading(draft)}</span></summary>
    <form key=${draft.version} novalidate onSubmit=${sent(onPlaceDraft)} aria-label=${`Draft for ${what}`}>
      <table class="scores"><caption class="hidden">Lines of this draft</caption>
        <thead><tr><th scope="col">Part</th><th scope="col" class="number">Order</th><th scope="col" class="number">One costs</th></tr></thead>
        <tbody>${draft.lines.map((line, index) => html`<tr key=${line.part}><th scope="row" dir="auto">${line.name}</th>
          <td class="number"><input type="number" name=${`quantity-${index}`} min="0" max="1000000" step="any" required defaultValue=${line.quantity} aria-label=${`Quantity of ${line.name}`} /></td>
          <td class="number">${line.unit_cost === null ? "–" : quantity(line.unit_cost)}</td></tr>`)}</tbody>
      </table>
      <p class="row buttons">
        <label class="wide">Supplier <input type="text" name="supplier" maxlength="200" dir="auto" defaultValue=${draft.supplier} /></label>
        <label class="wide">Note <input type="text" name="note" maxlength="2000" dir="auto" defaultValue=${draft.note} /></label></p>
      <p class="row buttons">
        <button type="submit">Order it</button>
        <button type="button" class="second" onClick=${sent(onChange)}>Save draft</button>
        <button type="button" class="second" onClick=${() => onChange(draft, { status: "cancelled" })}>Discard draft</button></p>
    </form></details></li>`;
}

export function Drafts({ known, ...acts }) {
  if (!known?.orders.length) return null;
  return html`<section aria-labelledby="drafts-title"><h2 id="drafts-title">Drafts <span class="count">${amount(known.orders.length)}</span></h2>
    <p class="quiet">Nothing of these is ordered yet, and none of it counts as coming.</p>
    <ul id="drafts" class="kept">${known.orders.map((draft) => html`<${Draft} key=${draft.id} ...${{ draft, ...acts }} />`)}</ul></section>`;
}

// The parts of today's list that stand in a draft.
export const inDrafts = (known) => new Set((known?.orders ?? []).flatMap((draft) => draft.lines.map((line) => line.listed_as)));
