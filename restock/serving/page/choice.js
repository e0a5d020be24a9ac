// Which parts are shown, where and in which order: decisions about plain values.

import { finder } from "./find.js";

export const TODAY = "today";
export const WAIT = "wait";
export const NONE = "none";

// At or below the reorder point a part may run dry before an order of today arrives; above it, it lasts until the next
// look. What is snoozed is not asked for, whatever is missing.
export function needOf(part) {
  if (part.is_snoozed) return NONE;
  if (part.on_hand === null || !(part.order_quantity > 0)) return part.out_of_stock && !part.discontinued && !part.on_order ? WAIT : NONE;
  return part.order_today ? TODAY : WAIT;
}

export const SORTS = {
  urgency: ["Most urgent", null],
  name: ["Name", (part) => part.name],
  order_quantity: ["Order", (part) => part.order_quantity],
  on_hand: ["In stock", (part) => part.on_hand],
  on_order: ["On order", (part) => part.on_order],
  expected_demand: ["Expected", (part) => part.expected_demand],
  days_of_cover: ["Lasts", (part) => part.days_of_cover ?? Infinity],
  stock_out_chance: ["May run out", (part) => part.stock_out_chance],
};
const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function sorted(parts, sort, isDescending) {
  const [, value] = SORTS[sort] ?? SORTS.urgency;
  if (!value) return parts; // as the service sends them
  const direction = isDescending ? -1 : 1;
  const order = sort === "name" ? (a, b) => words.compare(a.name, b.name) : (a, b) => value(a) - value(b) || words.compare(a.name, b.name);
  return [...parts].sort((a, b) => direction * order(a, b));
}

export function chosen(parts, { search, category, sort, descending }) {
  const matches = finder(search);
  return sorted(parts.filter((part) => (!category || part.category === category) && matches(part)), sort, descending);
}

// A supplier's parts together, in the order of each supplier's first; what has none named comes last.
export function bySupplier(parts) {
  const groups = new Map();
  for (const part of parts) {
    const supplier = part.supplier ?? "";
    if (!groups.has(supplier)) groups.set(supplier, []);
    groups.get(supplier).push(part);
  }
  const unnamed = groups.get("");
  groups.delete("");
  return [...groups, ...(unnamed ? [["", unnamed]] : [])].map(([supplier, its]) => ({ supplier, parts: its }));
}

export const categories = (parts) => [...new Set(parts.map((part) => part.category).filter(Boolean))].sort(words.compare);
