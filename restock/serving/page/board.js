// The board: what to order today, what can wait, what nobody can say; drawn from what is known, as far as it is known.

import { Booked } from "./booked.js";
import { bySupplier, categories, chosen, needOf, NONE, SORTS, TODAY, WAIT } from "./choice.js";
import { Changes, Quality } from "./history.js";
import { Drafts, inDrafts } from "./drafts.js";
import { $, draw, html } from "./html.js";
import { Ages, Notices, notices, Stale } from "./notices.js";
import { Conflict, Delivered, OpenOrders } from "./openorders.js";
import { Parts, totals } from "./table.js";
import { amount, money } from "./words.js";

export const FIRST_ROWS = 40;

function Section({ id, title, words, parts, ...about }) {
  const groups = about.sort === "urgency" ? bySupplier(parts) : [{ supplier: "", parts }];
  return html`<section id=${id} tabindex="-1" aria-labelledby=${`${id}-title`}>
    <h2 id=${`${id}-title`}>${title} <span class="count">${amount(parts.length)}</span></h2>
    ${words && html`<p class="quiet">${words}</p>`}
    ${parts.length > 0 && html`<${Parts} ...${{ label: title, groups, ...about }} />`}
  </section>`;
}

function emptyWords({ answer, view }, found) {
  if (found) return null;
  if (!answer.parts.length && !answer.unknown_stock.length) return "The catalogue has no parts yet. Add parts in the shop's app, and they appear here after the next training.";
  return view.search.trim() || view.category ? "No part matches the search." : "Nothing needs an order now. Choose “All parts” to see every part.";
}

function Lists({ state, quantities, ...acts }) {
  const { answer, view, most, orders } = state;
  const parts = chosen(answer.parts, view);
  const by = { [TODAY]: [], [WAIT]: [], [NONE]: [] };
  for (const part of parts) by[needOf(part)].push(part);
  const unknown = chosen(answer.unknown_stock, view);
  const isSearch = Boolean(view.search.trim() || view.category);
  const rest = view.all || view.search.trim() ? by[NONE] : by[NONE].filter((part) => quantities.of(part) > 0);
  const about = { quantities, sort: view.sort, descending: view.descending, ...acts, drafted: inDrafts(state.drafts),
    onPlace: orders?.may_write ? acts.onPlace : null };
  const section = (id, title, words, its, need) => (its.length || id === "today") && html`<${Section} key=${id} ...${{ id, title, words, parts: its, need, most: most[id] ?? FIRST_ROWS, ...about, onMore: () => acts.onMore(id) }} />`;
  const lines = quantities.lines(answer.parts);
  const found = by[TODAY].length + by[WAIT].length + unknown.length + rest.length;
  const empty = emptyWords(state, found) ?? (!by[TODAY].length ? (isSearch ? "None of these." : "Nothing has to be ordered today.") : null);
  const within = answer.budget ? ` Advised within a budget of ${money(answer.budget)}.` : "";
  return html`<${Delivered} ...${{ parts: answer.parts, known: orders, onChange: acts.onChange }} />
    <p id="order-total" class="total" aria-live="polite">${lines.length ? `Your order: ${totals(lines)}` : "Your order is empty."}${within}</p>
    ${section("today", "Order today", empty, by[TODAY], TODAY)}
    ${section("wait", "Can wait", "Still above the reorder point: it lasts until a delivery ordered later. Take it along where an order goes out anyway.", by[WAIT], WAIT)}
    ${section("unknown", "Stock unknown", "The catalogue does not say how many of these there are, so there is no saying what to order. Count them, and enter the stock in the shop’s app.", unknown, NONE)}
    ${section("rest", "Needs no order", null, rest, NONE)}
    <${Drafts} ...${{ known: state.drafts, ...acts }} />
    <${OpenOrders} ...${{ known: orders, problem: state.problems.orders, onChange: acts.onChange }} />`;
}

export function drawBoard(state, quantities, acts) {
  const { answer, model, changes, bookings, problems, view } = state;
  const now = Date.now();
  draw(html`<${Ages} ...${{ answer, now }} />`, $("ages"));
  draw(html`<${Stale} ...${{ problem: problems.answer, readAt: state.readAt, now, onRetry: acts.onRetry }} />`, $("stale"));
  draw(html`<${Conflict} ...${{ conflict: state.conflict, onConfirm: state.conflict?.again, onDrop: acts.onDrop }} />`, $("conflict"));
  draw(html`<${Notices} all=${notices({ answer, model, changes, now })} onOpen=${acts.onOpen} />`, $("notices"));
  draw(html`<${Lists} ...${{ state, quantities, ...acts }} />`, $("lists"));
  draw(html`<${Booked} answer=${bookings} problem=${problems.bookings} />`, $("booked"));
  draw(html`<${Changes} changes=${changes} problem=${problems.changes} />`, $("changes"));
  draw(html`<${Quality} model=${model} problem=${problems.model} />`, $("quality"));
  const all = categories([...answer.parts, ...answer.unknown_stock]);
  draw(html`<option value="">All categories</option>${all.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}`, $("category"));
  $("category").value = all.includes(view.category) ? view.category : "";
  $("category-label").hidden = all.length < 2;
  draw(html`${Object.entries(SORTS).map(([name, [title]]) => html`<option key=${name} value=${name}>${title}</option>`)}`, $("sort"));
  $("sort").value = view.sort;
}
