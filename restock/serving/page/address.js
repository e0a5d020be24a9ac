// What is looked at stands in the address, to be sent on and come back to; how the shop orders is remembered besides.

import { SORTS } from "./choice.js";
import { recall, remember } from "./kept.js";

const KEPT = "restock-settings";
const VIEW = { search: "", category: "", sort: "urgency", descending: false, all: false };

// How the shop orders: as the address says, else as it was chosen last; what cannot be chosen is as usual.
export function policyFrom(form, usual) {
  const given = new URLSearchParams(location.search);
  const known = recall(KEPT, {});
  for (const [name, value] of Object.entries(usual)) {
    const field = form.elements[name];
    for (const wanted of [given.get(name), known[name], value]) {
      if (wanted === null || wanted === undefined) continue;
      field.value = wanted;
      if (field.value === String(wanted) && field.checkValidity()) break;
    }
  }
}

export const policyOf = (form, usual) => Object.fromEntries(Object.keys(usual).map((name) => [name, form.elements[name].value]).filter(([, value]) => value !== ""));

export function viewFrom() {
  const given = new URLSearchParams(location.search);
  const sort = given.get("sort");
  return {
    search: (given.get("search") ?? "").slice(0, 200), category: given.get("category") ?? "", sort: Object.hasOwn(SORTS, sort) ? sort : VIEW.sort,
    descending: given.get("descending") === "true", all: given.get("all") === "true",
  };
}

export const partFrom = () => new URLSearchParams(location.search).get("part");

export function write(policy, view, part, isStep = false) {
  const said = new URLSearchParams(policy);
  for (const [name, usual] of Object.entries(VIEW)) if (view[name] !== usual) said.set(name, view[name]);
  if (part) said.set("part", part);
  const address = `${location.pathname}?${said}`;
  if (address === location.pathname + location.search) return;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

// A budget is for one purchase: it stands in the address, and is not remembered.
export const rememberPolicy = ({ budget, ...policy }) => rememberSettings(policy);
export const rememberSettings = (values) => remember(KEPT, { ...recall(KEPT, {}), ...values });
export const settings = () => recall(KEPT, {});
