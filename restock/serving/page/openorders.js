// Orders on their way: what has come of them, what seems to have come, and the way to say so.

import { html } from "./html.js";
import { openLines } from "./ordering.js";
import { amount, count, date, day, money, quantity } from "./words.js";

const dayOf = (moment) => date(moment.slice(0, 10));

function heading(order) {
  const open = openLines(order).reduce((sum, line) => sum + line.open, 0);
  return [`ordered ${dayOf(order.ordered_at)}${order.ordered_by ? ` by ${order.ordered_by}` : ""}`, count(order.lines.length, "line"), `${amount(open)} to come`,
    order.expected_on && `expected ${day(order.expected_on)}`, order.cost > 0 && money(order.cost)].filter(Boolean).join(" · ");
}

function read(form, order) {
  return order.lines.map((line, index) => ({ part: line.part, received: Number(form.elements[`received-${index}`].value) }))
    .filter(({ received }, index) => received !== order.lines[index].received);
}

function OpenOrder({ order, mayWrite, onChange }) {
  const save = (event) => {
    event.preventDefault();
    const received = read(event.target, order);
    if (received.length) onChange(order, { received });
  };
  const what = order.supplier || "no supplier named";
  return html`<li><details class="order" data-order=${order.id}><summary><strong dir="auto">${order.supplier || "No supplier named"}</strong> <span class="quiet">${heading(order)}</span></summary>
    <form key=${order.version} onSubmit=${save} aria-label=${`Order of ${what}`}>
      <table class="scores"><caption class="hidden">Lines of this order</caption>
        <thead><tr><th scope="col">Part</th><th scope="col" class="number">Ordered</th><th scope="col" class="number">Come so far</th></tr></thead>
        <tbody>${order.lines.map((line, index) => html`<tr key=${line.part}><th scope="row" dir="auto">${line.name}</th><td class="number">${quantity(line.quantity)}</td>
          <td class="number">${mayWrite ? html`<input type="number" name=${`received-${index}`} min="0" max="1000000" step="any" defaultValue=${line.received} aria-label=${`Come so far: ${line.name}`} />` : quantity(line.received)}</td></tr>`)}</tbody>
      </table>
      ${order.note && html`<p class="quiet" dir="auto">${order.note}</p>`}
      ${mayWrite && html`<p class="row buttons">
        <button type="button" onClick=${() => onChange(order, { status: "received" })}>All has come</button>
        <button type="submit" class="second">Save what has come</button>
        <button type="button" class="second" onClick=${() => onChange(order, { status: "cancelled" })}>Cancel order</button>
        <label>Expected on <input type="date" defaultValue=${order.expected_on ?? ""} onChange=${(event) => onChange(order, { expected_on: event.target.value || null })} /></label>
        <label class="wide">Note <input type="text" maxlength="2000" dir="auto" defaultValue=${order.note} onChange=${(event) => onChange(order, { note: event.target.value })} /></label></p>`}
    </form></details></li>`;
}

export function OpenOrders({ known, problem, onChange }) {
  if (!known) return problem && html`<section aria-labelledby="open-title"><h2 id="open-title">On its way</h2><p class="quiet">This cannot be told at the moment: ${problem}</p></section>`;
  if (!known.orders.length) return null;
  return html`<section aria-labelledby="open-title"><h2 id="open-title">On its way <span class="count">${amount(known.orders.length)}</span></h2>
    <ul class="orders">${known.orders.map((order) => html`<${OpenOrder} key=${order.id} ...${{ order, mayWrite: known.may_write, onChange }} />`)}</ul>
    ${known.is_cut && html`<p class="quiet">Older ones are not shown.</p>`}</section>`;
}

const isOpen = ({ order, part }, known) => (order ? openLines(order).some((line) => line.listed_as === part.part) : !known || known.is_cut);

// Lines that seem to have come though nobody said so: the stock rose by what they hold, or they are later than ever.
export function Delivered({ parts, known, onChange }) {
  const asked = parts.flatMap((part) => (part.orders ?? []).filter((order) => order.delivered).map((order) => ({ part, ...order, order: known?.orders.find((one) => one.id === order.id) })))
    .filter((one) => isOpen(one, known)); // what was said a moment ago is not asked again until the list is read anew
  if (!asked.length) return null;
  const come = ({ order, part }) => {
    const received = openLines(order).filter((line) => line.listed_as === part.part).map((line) => ({ part: line.part, received: line.quantity }));
    onChange(order, { received });
  };
  return html`<section id="delivered" aria-labelledby="delivered-title"><h2 id="delivered-title">Delivered? <span class="count">${amount(asked.length)}</span></h2>
    <ul class="changes">${asked.map((one) => html`<li key=${`${one.id} ${one.part.part}`}><strong dir="auto">${one.part.name}</strong>: ${amount(one.open)} of ${one.order?.supplier || "an order"}. ${one.delivered}
      ${one.order && known.may_write && html` <button type="button" class="second" onClick=${() => come(one)}>It has come<span class="hidden">: ${one.part.name}</span></button>`}</li>`)}</ul></section>`;
}

// Somebody else has ordered some of it: both orders are on the screen before anything is ordered twice.
export function Conflict({ conflict, onConfirm, onDrop }) {
  return conflict && html`<section class="notice" role="alert"><h2>${onConfirm ? "Nothing was ordered" : "This was not done"}</h2><p>${conflict.message}</p>
    <ul>${conflict.orders.map((order) => html`<li key=${order.id}><strong dir="auto">${order.supplier || "No supplier named"}</strong>, ${order.ordered_at ? `ordered ${dayOf(order.ordered_at)}` : order.status}${order.ordered_by ? ` by ${order.ordered_by}` : ""}:
      ${" "}${order.lines.map((line) => `${quantity(line.quantity)} × ${line.name}`).join(", ")}</li>`)}</ul>
    <p class="row">${onConfirm && html`<button type="button" class="second" onClick=${onConfirm}>Order all the same</button>`}<button type="button" onClick=${onDrop}>Leave it</button></p></section>`;
}
