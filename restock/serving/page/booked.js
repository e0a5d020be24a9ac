// For tomorrow and the day after: the jobs that are booked, and the parts to lay out or to get for them.

import { draw, html } from "./html.js";
import { amount, count, date } from "./words.js";

const PRINTING = "prints-bookings";

function Parts({ parts, isTicked }) {
  const cell = (label, content, className = "") => html`<td class=${`number ${className}`} data-label=${label}>${content}</td>`;
  const arrival = ({ on_order, orders }) => {
    const next = orders.map((order) => order.expected_on).filter(Boolean).sort()[0];
    return on_order > 0 ? `${amount(on_order)}${next ? `, ${date(next)}` : ""}` : amount(0);
  };
  return html`<table class="lines"><caption class="hidden">Parts that booked jobs will need</caption>
    <thead><tr>${isTicked && html`<th></th>`}<th scope="col">Part</th><th scope="col" class="number">Expected</th><th scope="col" class="number">At most</th>
      <th scope="col" class="number">In stock</th><th scope="col" class="number">On order</th><th scope="col" class="number">Short by</th></tr></thead>
    <tbody>${parts.map((part) => html`<tr key=${part.part}>
      ${isTicked && html`<td class="tick"><span></span></td>`}<th scope="row" dir="auto">${part.name}</th>
      ${cell("Expected", amount(part.expected))}${cell("At most", amount(part.likely_at_most))}
      ${cell("In stock", part.on_hand === null ? "unknown" : amount(part.on_hand))}${cell("On order", arrival(part), part.on_order ? "" : "zero")}
      ${cell("Short by", part.short_by === null ? "–" : amount(part.short_by), part.short_by ? "" : "zero")}</tr>`)}</tbody></table>`;
}

const services = ({ services: all }) =>
  all.map(({ service, jobs }) => `${amount(jobs)} × ${service || "no service named"}`).join(", ");

function Sheet({ answer }) {
  return html`<h1>Parts for booked jobs, ${date(answer.from)} to ${date(answer.through)}</h1>
    <p>${count(answer.bookings.length, "job")}: ${services(answer)}</p><${Parts} parts=${answer.parts} isTicked=${true} />`;
}

function print(answer) {
  draw(html`<${Sheet} answer=${answer} />`, document.getElementById("booked-sheet"));
  document.documentElement.classList.add(PRINTING);
  window.addEventListener("afterprint", () => document.documentElement.classList.remove(PRINTING), { once: true });
  window.print();
}

export function Booked({ answer, problem }) {
  if (!answer) return html`<p class="quiet">${problem ? `This cannot be told at the moment: ${problem}` : "Loading …"}</p>`;
  if (!answer.bookings.length) return html`<p class="quiet">No job is booked for tomorrow and the day after.</p>`;
  return html`<p class="quiet">${count(answer.bookings.length, "job")}: ${services(answer)}.${answer.cut ? " There are more than can be read." : ""}${" "}“At most” holds for ${Math.round(answer.covered * 100)} of 100 parts that are needed.</p>
    <${Parts} parts=${answer.parts} />
    <p><button id="print-bookings" type="button" class="second" onClick=${() => print(answer)}>Print this list</button></p>`;
}
