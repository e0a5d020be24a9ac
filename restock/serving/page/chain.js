// A chain at a glance, for who runs it: all shops, the worst first, and what is better moved than bought. Then a shop.

import { fold } from "./find.js";
import { $, draw, html } from "./html.js";
import { recallHere, rememberHere } from "./kept.js";
import { Stale } from "./notices.js";
import { ago, amount, count, money, quantity, share } from "./words.js";

const FIRST_ROWS = 40;
const MORE_ROWS = 200;
const CAME_FROM = "restock-chain";
const AT_A_SHOP = /\/shops\/([^/]+)\/$/;
const since = (moment, now) => ago(now - Date.parse(moment));

function stateOf({ status, failures, message, as_of }, now) {
  if (failures) return [`${count(failures, "night")} failed`, message];
  if (as_of === null) return ["Never learnt", "Its first night is still to come"];
  return status === "published" || status === "unchanged" ? ["", `Night ended ${since(as_of, now)}`] : [status, message];
}

function Shop({ shop, now }) {
  const { standing } = shop;
  const [trouble, words] = stateOf(shop, now);
  const cell = (label, content, className = "") => html`<td class=${`number ${className}`} data-label=${label}>${content}</td>`;
  const known = (label, figure, className = "") => cell(label, standing ? figure(standing) : "–", standing ? className : "zero");
  return html`<tr>
    <th scope="row"><a href=${`shops/${encodeURIComponent(shop.shop)}/`} dir="auto">${shop.name}</a>
      <span class="category" dir="auto">${trouble && html`<strong class="warning">${trouble}</strong> · `}${words}</span></th>
    ${known("May run out", (its) => html`<span class=${its.stock_outs ? "risk high" : ""}>${amount(its.stock_outs)}</span>`)}
    ${known("Order today", (its) => amount(its.order_today))}
    ${known("In stock", (its) => html`${money(its.stock_value)}${its.parts_without_cost > 0 && html`<span class="category">and ${count(its.parts_without_cost, "part")} of unknown cost</span>`}`)}
    ${known("Idle", (its) => money(its.idle_value))}
    ${known("Forecast of", (its) => since(its.trained_at, now))}
    ${known("Stock seen", (its) => since(its.at, now))}
  </tr>`;
}

function Shops({ shops, search, most, now, onMore }) {
  const words = fold(search).trim();
  const found = shops.filter(({ shop, name }) => fold(`${name}\n${shop}`).includes(words));
  if (!found.length) return html`<p class="quiet">${shops.length ? "No shop matches the search." : "No shop is registered yet."}</p>`;
  const heads = ["May run out", "Order today", "In stock", "Idle", "Forecast of", "Stock seen"];
  return html`<table class="lines"><caption class="hidden">Shops, the worst first</caption>
      <thead><tr><th scope="col">Shop</th>${heads.map((head) => html`<th key=${head} scope="col" class="number">${head}</th>`)}</tr></thead>
      <tbody>${found.slice(0, most).map((shop) => html`<${Shop} key=${shop.shop} ...${{ shop, now }} />`)}</tbody>
    </table>
    ${found.length > most && html`<p class="more"><button type="button" class="second" onClick=${onMore}>Show more: ${amount(found.length - most)} of ${amount(found.length)} are not shown</button></p>`}`;
}

function Move({ transfer, now }) {
  const { shop, shop_name, sources, order_without, order_quantity } = transfer;
  return html`<li><strong dir="auto">${transfer.name}</strong> ${transfer.sku && html`<span class="count">${transfer.sku}</span>`}<br />
    ${sources.map((one, k) => html`<span key=${one.shop + one.part}>${k > 0 && " and "}${quantity(one.quantity)} from <bdi>${one.shop_name}</bdi></span>`)}
    ${" to "}<a href=${`shops/${encodeURIComponent(shop)}/`} dir="auto">${shop_name}</a>, where it runs out with a chance of ${share(transfer.stock_out_chance)}.
    <span class="category">Then order ${order_quantity ? quantity(order_quantity) : "none"}${order_without > order_quantity ? ` instead of ${quantity(order_without)}` : ""} · known ${since(transfer.as_of, now)}</span></li>`;
}

function Moves({ moves, problem, most, now, onMore }) {
  if (!moves) return html`<p class="quiet">${problem ? `This cannot be told at the moment: ${problem}` : "Loading …"}</p>`;
  const { transfers } = moves;
  if (!transfers.length) return html`<p class="quiet">Nothing that one shop is short of lies idle in another.</p>`;
  return html`<p class="quiet">${count(moves.count, "part")} that one shop is short of and another has beyond its own need, the likeliest to run out first.</p>
    <ul class="changes">${transfers.slice(0, most).map((one) => html`<${Move} key=${one.shop + one.part} ...${{ transfer: one, now }} />`)}</ul>
    ${transfers.length > most && html`<p class="more"><button type="button" class="second" onClick=${onMore}>Show more: ${amount(transfers.length - most)} of ${amount(transfers.length)} are not shown</button></p>`}`;
}

// Whoever runs a chain and names no shop is told so, and sees all of them.
export const namesNoShop = (error) => error.status === 400 && error.content.field === "shop";

export class Chain {
  constructor(service, onRetry) {
    Object.assign(this, { service, onRetry, shops: null, moves: null, readAt: 0, problems: {}, most: { shops: FIRST_ROWS, moves: FIRST_ROWS } });
    $("shop-search").addEventListener("input", () => this.draw());
    const at = AT_A_SHOP.exec(location.pathname);
    if (!at || !recallHere(CAME_FROM)) return;
    draw(html`<a href="../../">All shops</a> · <bdi>${decodeURIComponent(at[1])}</bdi>`, $("way"));
    $("way").hidden = false;
  }

  // Throws what stands in the way of the shops; what else is known of them fails by itself.
  async load(onShops) {
    try {
      this.shops = (await this.service.get("v1/shops")).shops;
      Object.assign(this, { readAt: Date.now() });
      this.problems.shops = null;
    } catch (error) {
      if (!this.shops || error.status === 401 || error.status === 403) throw error;
      this.problems.shops = error.message;
    }
    rememberHere(CAME_FROM, "true");
    onShops();
    this.draw();
    await this.service.get("v1/transfers").then((moves) => Object.assign(this, { moves }), (error) => (this.problems.moves = error.message));
    this.draw();
  }

  forget() {
    Object.assign(this, { shops: null, moves: null, readAt: 0 });
    rememberHere(CAME_FROM, null);
  }

  draw() {
    const { shops, moves, problems, readAt, most } = this;
    if (!shops) return;
    const now = Date.now();
    const more = (list) => () => { most[list] += MORE_ROWS; this.draw(); };
    draw(html`${count(shops.length, "shop")}, as their last nights left them`, $("ages"));
    draw(html`<${Stale} ...${{ problem: problems.shops, readAt, now, onRetry: this.onRetry }} />`, $("chain-stale"));
    draw(html`<${Shops} ...${{ shops, search: $("shop-search").value, most: most.shops, now, onMore: more("shops") }} />`, $("shops"));
    draw(html`<${Moves} ...${{ moves, problem: problems.moves, most: most.moves, now, onMore: more("moves") }} />`, $("moves"));
  }
}
