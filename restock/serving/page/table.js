// The table of parts: one row a part, one group a supplier, drawn as far as somebody has asked to see it.

import { NONE, SORTS, WAIT } from "./choice.js";
import { html } from "./html.js";
import { amount, count, cover, day, money, quantity, share } from "./words.js";

const COLUMNS = ["order_quantity", "on_hand", "on_order", "expected_demand", "days_of_cover", "stock_out_chance"];

export const about = (part) =>
  [part.sku, part.brand, part.category, part.discontinued && "discontinued", part.out_of_stock && "out of stock", part.is_snoozed && `snoozed until ${day(part.snoozed_until)}`].filter(Boolean).join(" · ");

function Head({ sort, descending, onSort }) {
  const column = (name, title, className) => {
    const isSorted = sort === name;
    return html`<th key=${name} scope="col" class=${className} aria-sort=${isSorted ? (descending ? "descending" : "ascending") : undefined}>
      <button type="button" class="plain" onClick=${() => onSort(name)}>${title}${isSorted ? (descending ? " ↓" : " ↑") : ""}</button></th>`;
  };
  return html`<thead><tr>${column("name", "Part", "")}${COLUMNS.map((name) => column(name, SORTS[name][0], "number"))}</tr></thead>`;
}

function Risk({ chance }) {
  const level = chance >= 0.5 ? "high" : chance >= 0.1 ? "some" : "low";
  return html`<span class=${`risk ${level}`}><span class="bar" aria-hidden="true"><span style=${{ width: `${Math.round(chance * 100)}%` }}></span></span>${share(chance)}</span>`;
}

function Order({ part, quantities, need, onType }) {
  const many = quantities.of(part);
  const advised = part.order_quantity;
  const differs = advised > 0 && many !== advised;
  const type = (event) => onType(part, event.target);
  return html`<span class="typed"><input type="number" min="0" max="1000000" step="any" inputmode="decimal" aria-label=${`Order of ${part.name}`} value=${quantities.shown(part)} placeholder="0"
    data-part=${part.part} onInput=${(event) => quantities.hold(part, event.target.value)} onChange=${type} />
    ${differs && html`<button type="button" class="plain" title=${need === WAIT ? "Order it now, too" : "Back to the advice"} onClick=${() => onType(part, { value: String(advised) })}>
      <span class="hidden">Take the advice for ${part.name}: </span>${need === WAIT && !many ? "+" : "↺ "}${quantity(advised)}</button>`}</span>`;
}

// Whoever drags over a name, to copy it, has not asked for the part.
const DRAGGED_PIXELS = 4;
let pressedAt = 0;
const press = ({ clientX }) => (pressedAt = clientX);
const isDragged = ({ detail, clientX }) => detail > 0 && Math.abs(clientX - pressedAt) > DRAGGED_PIXELS;

function Row({ part, need, quantities, drafted, onOpen, onType }) {
  const cell = (label, content, className = "") => html`<td class=${`number ${className}`} data-label=${label}>${content}</td>`;
  const isKnown = part.on_hand !== null;
  return html`<tr>
    <th scope="row"><button type="button" class="part plain" dir="auto" onPointerDown=${press} onClick=${(event) => isDragged(event) || onOpen(part.part)}>${part.name}</button><span class="category" dir="auto">${[about(part), drafted.has(part.part) && "in a draft"].filter(Boolean).join(" · ")}${part.note && html`<em> ${part.note}</em>`}</span></th>
    ${cell("Order", isKnown && !part.discontinued ? html`<${Order} ...${{ part, quantities, need, onType }} />` : "–", "order")}
    ${cell("In stock", isKnown ? amount(part.on_hand) : "unknown")}
    ${cell("On order", amount(part.on_order), part.on_order ? "" : "zero")}
    ${cell("Expected", amount(part.expected_demand))}
    ${isKnown ? cell("Lasts", cover(part.days_of_cover)) : cell("Hold", part.discontinued ? "–" : amount(part.order_up_to))}
    ${isKnown ? cell("Risk", html`<${Risk} chance=${part.stock_out_chance} />`) : cell("Risk", "–", "zero")}
  </tr>`;
}

// What an order of these parts comes to, as it stands on the screen.
export function totals(lines) {
  const priced = lines.filter(({ part }) => Number.isFinite(part.unit_cost));
  const cost = priced.reduce((sum, { part, quantity: many }) => sum + many * part.unit_cost, 0);
  return [count(lines.length, "line"), count(lines.reduce((sum, line) => sum + line.quantity, 0), "unit"),
    priced.length && `${money(cost)}${priced.length < lines.length ? ` and ${count(lines.length - priced.length, "line")} of unknown cost` : ""}`].filter(Boolean).join(" · ");
}

// A supplier, what its lines come to, and the click that orders exactly them.
function GroupHead({ group: { supplier }, lines, onPlace, onDraft }) {
  return html`<tr class="group"><th scope="rowgroup" colspan="7"><span dir="auto">${supplier || "No supplier named"}</span> <small>${lines.length > 0 && totals(lines)}</small>
    ${onPlace && lines.length > 0 && html` <button type="button" onClick=${() => onPlace(supplier, lines)}>Order ${count(lines.length, "line")}<span class="hidden"> of ${supplier || "no named supplier"}</span></button>
      <button type="button" class="second" onClick=${() => onDraft(supplier, lines)}>Draft<span class="hidden"> of the lines of ${supplier || "no named supplier"}</span></button>`}</th></tr>`;
}

export function Parts({ label, groups, need = NONE, most, onMore, onPlace, onDraft, ...about }) {
  const all = groups.reduce((sum, group) => sum + group.parts.length, 0);
  const hasHeads = about.sort === "urgency" && (Boolean(onPlace) || groups.some((group) => group.supplier));
  let left = most;
  const shown = groups.map((group) => ({ ...group, shown: group.parts.slice(0, Math.max(0, left)), skipped: (left -= group.parts.length) })).filter((group) => group.shown.length);
  return html`<table class="lines"><caption class="hidden">${label}</caption><${Head} ...${about} />
    ${shown.map((group) => html`<tbody key=${group.supplier}>
      ${hasHeads && html`<${GroupHead} group=${group} lines=${about.quantities.lines(group.parts)} onPlace=${onPlace} onDraft=${onDraft} />`}
      ${group.shown.map((part) => html`<${Row} key=${part.part} ...${{ part, need, ...about }} />`)}</tbody>`)}
    </table>
    ${all > most && html`<p class="more"><button type="button" class="second" onClick=${onMore}>Show more: ${amount(all - most)} of ${amount(all)} are not shown</button></p>`}`;
}
