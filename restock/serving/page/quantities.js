// How many of each part are about to be ordered: the advice, unless somebody typed another number.
//
// What was typed is kept in this browser until it is ordered or taken back, for two days at most: then it is of another list.

import { needOf, TODAY } from "./choice.js";
import { recall, remember } from "./kept.js";

const KEPT = "restock-quantities";
const KEPT_MILLISECONDS = 2 * 86_400_000;
export const MOST = 1_000_000;

export class Quantities {
  constructor() {
    const now = Date.now();
    this.typed = new Map(Object.entries(recall(KEPT, {})).filter(([, { at }]) => now - at < KEPT_MILLISECONDS));
  }

  // What is being typed is drawn as it stands, however often the list is drawn meanwhile.
  hold(part, text) {
    this.held = { key: part.part, text };
  }

  shown(part) {
    return this.held?.key === part.part ? this.held.text : this.of(part) || "";
  }

  of(part) {
    return this.typed.get(part.part)?.quantity ?? this.advised(part);
  }

  advised(part) {
    return needOf(part) === TODAY ? part.order_quantity : 0;
  }

  isTyped(part) {
    return this.typed.has(part.part);
  }

  // Takes text as it was typed; false if it is no quantity. What is typed as it was advised is the advice.
  type(part, text) {
    const quantity = text.trim() === "" ? 0 : Number(text);
    if (!(quantity >= 0 && quantity <= MOST)) return false;
    this.held = null;
    if (quantity === this.advised(part)) this.typed.delete(part.part);
    else this.typed.set(part.part, { quantity, at: Date.now() });
    this.#keep();
    return true;
  }

  forget(keys) {
    for (const key of keys) this.typed.delete(key);
    this.#keep();
  }

  clear() {
    this.forget([...this.typed.keys()]);
  }

  // The lines of the order as they stand on the screen: every part of which some are ordered.
  lines(parts) {
    return parts.filter((part) => this.of(part) > 0).map((part) => ({ part, quantity: this.of(part) }));
  }

  #keep() {
    remember(KEPT, this.typed.size ? Object.fromEntries(this.typed) : null);
  }
}
