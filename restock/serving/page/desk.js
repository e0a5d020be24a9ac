// Clicks on orders: answered one after the other, in their order, each about the order as the one before left it.

import { count } from "./words.js";

const SHOWN = { orders: "ordered", drafts: "draft" };

// The same click again is no second one until the list shows what it did.
class Clicks {
  constructor() {
    this.last = Promise.resolve();
    this.unshown = new Set();
  }

  // `act` says whether it was done; `show` reads the list anew.
  answer(click, act, show) {
    if (this.unshown.has(click)) return this.last;
    this.unshown.add(click);
    const mine = (this.last = this.last.then(act));
    mine.then(async (isDone) => {
      const isShown = show();
      if (isDone) await isShown;
      this.unshown.delete(click);
    });
    return mine;
  }
}

const lineKeys = (lines) => lines.map(({ part, quantity }) => [part.part, quantity]);
const from = (supplier) => (supplier ? ` from ${supplier}` : "");

// `state` holds what was read; `say`, `redraw`, `load` and `leave` are the page's: what it says, draws, asks, and does when the sign-in has ended.
export function orderDesk({ state, ordering, quantities, say, redraw, load, leave }) {
  const clicks = new Clicks();
  const known = () => state.orders.orders.map((order) => order.id);

  // `again` does the same all the same, where somebody else's order stands in the way.
  const send = (click, words, ask, again) => clicks.answer(JSON.stringify(click), async () => {
    let isDone = false;
    try {
      await ask();
      isDone = true;
      state.conflict = null;
      say(words);
    } catch (error) {
      if (error.status === 401) leave(error);
      else if (error.status === 409) state.conflict = { message: error.message, orders: error.content.orders ?? [], again: error.content.field === "known_orders" ? again : null };
      else say(`This was not done: ${error.message}${error.status === 0 ? " Try again: nothing is done twice." : ""}`);
    }
    redraw();
    return isDone;
  }, load);

  function onPlace(supplier, lines, isConfirmed = false) {
    const seen = known();
    return send(["ordered", supplier, isConfirmed, lineKeys(lines)], `Ordered ${count(lines.length, "line")}${from(supplier)}.`, async () => {
      await ordering.place("ordered", supplier, lines, seen, isConfirmed);
      quantities.forget(lines.map(({ part }) => part.part));
    }, () => onPlace(supplier, lines, true));
  }

  const onDraft = (supplier, lines) =>
    send(["draft", supplier, lineKeys(lines)], `Kept as a draft: ${count(lines.length, "line")}${from(supplier)}.`, () => ordering.place("draft", supplier, lines));

  const current = ({ id, ...shown }) => Object.keys(SHOWN).flatMap((name) => state[name]?.orders ?? []).find((order) => order.id === id) ?? { id, ...shown };

  function show(changed) {
    for (const [name, status] of Object.entries(SHOWN)) {
      if (!state[name]) continue;
      const others = state[name].orders.map((order) => (order.id === changed.id ? changed : order));
      state[name] = { ...state[name], orders: others.filter((order) => order.status === status) };
    }
  }

  const onChange = (order, asked) => send([order.id, asked], "Noted.", async () => show(await ordering.change(current(order), asked)));

  function onPlaceDraft(draft, asked, isConfirmed = false) {
    const seen = known();
    return send([draft.id, "ordered", asked, isConfirmed], `Ordered ${count(asked.lines.length, "line")}${from(asked.supplier)}.`, async () => {
      show(await ordering.change(current(draft), { ...asked, status: "ordered", known_orders: seen, confirmed: isConfirmed }));
    }, () => onPlaceDraft(draft, asked, true));
  }

  function onDrop() {
    state.conflict = null;
    redraw();
  }

  return { onPlace, onDraft, onChange, onPlaceDraft, onDrop };
}
