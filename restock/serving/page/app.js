// The page: asks the API, shows what to order, and says what to do when there is nothing to show.

import { daily, needed } from "./charts.js";
import { ApiError, Session } from "./session.js";
import { ago, amount, cover, csv, date, day, share } from "./words.js";

const $ = (id) => document.getElementById(id);
const CHART_DAYS = 30;
const MOST_CHANGES = 12;
const SCORES = { spl_7: "Week", spl_30: "Month", rmsse: "Day", cost: "Cost of stock" };
const controls = $("controls");
let session;
let parts = [];
let unknown = [];
let asked = 0;
let opened = 0;
let timer;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function show(what) {
  for (const id of ["problem", "sign-in", "board"]) $(id).hidden = id !== what;
  $("sign-out").hidden = !session?.canSignOut;
}

function say(text) {
  $("status").textContent = text;
}

function report(error) {
  say("");
  if (!(error instanceof ApiError)) console.error(error);
  if (error.status === 401 && session?.config.auth === "firebase") {
    session.signOut();
    $("sign-in-problem").textContent = "";
    show("sign-in");
    return;
  }
  const isWaiting = error.status === 503 && error.message.includes("no forecast model yet");
  $("problem-title").textContent = isWaiting ? "No forecast yet" : error.status === 403 ? "Not for this account" : "This did not work";
  $("problem-text").textContent = isWaiting
    ? "The first forecast is made after the first completed appointments. This page looks again by itself."
    : error.status === 403 ? "Ask whoever runs the shop's accounts for access, or sign in with another one." : error.message;
  show("problem");
  if (isWaiting) timer = setTimeout(() => load().catch(report), 1000 * Math.max(5, error.retryAfter || 0));
}

function policy() {
  const form = new FormData(controls);
  return Object.fromEntries(["lead_time_days", "review_days", "service_level"].map((name) => [name, form.get(name)]));
}

async function load() {
  clearTimeout(timer);
  if (session.needsSignIn && !session.canSignIn) throw new ApiError(0, "Signing in is not set up here: FIREBASE_WEB_API_KEY has no value.");
  if (session.needsSignIn) return show("sign-in");
  if (!controls.checkValidity()) return controls.reportValidity();
  const mine = ++asked;
  say("Loading …");
  $("board").setAttribute("aria-busy", "true");
  try {
    const [restock, model, changes] = await Promise.all([
      session.get("v1/restock", policy()), session.get("v1/model"), session.get("v1/changes", { days: 30 }),
    ]);
    if (mine !== asked) return; // a later choice has overtaken this one
    parts = restock.parts;
    unknown = restock.unknown_stock;
    say("");
    show("board");
    showModel(model);
    showOrders();
    showChanges(changes);
    showQuality(model.scores ?? {});
  } catch (error) {
    if (mine === asked) report(error);
  } finally {
    $("board").removeAttribute("aria-busy");
  }
}

function showModel({ model, trained_through, first_day, problem, training }) {
  const data = first_day ? `, from the shop's records of ${date(first_day)} to ${date(trained_through)}` : "";
  $("model").textContent = `Forecast version ${model.version}, made ${ago(model.age_seconds)}${data}` + (problem ? `. Note: ${problem}` : "");
  const setbacks = training?.setbacks_in_a_row ?? 0;
  $("training").hidden = !setbacks;
  $("training").textContent = setbacks ? `No newer forecast: the last ${setbacks > 1 ? `${amount(setbacks)} trainings` : "training"} came to nothing (${training.last_setback}). `
    + `${amount(training.completions_waiting)} completed appointments wait to be learnt from.` : "";
}

function chosen(among = parts) {
  const form = new FormData(controls);
  const words = form.get("search").trim().toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (part) => words.every((word) => [part.name, part.category, part.part, ...part.documents].join(" ").toLowerCase().includes(word));
  const isListed = (part) => part.on_hand === null || part.order_quantity > 0 || (part.out_of_stock && !part.discontinued);
  return among.filter((part) => (form.get("all") || isListed(part) || words.length) && matches(part));
}

function showOrders() {
  showUnknown();
  const shown = chosen();
  const toOrder = parts.filter((part) => part.order_quantity > 0).length;
  $("orders-summary").textContent = `${amount(toOrder)} of ${amount(parts.length)} parts need an order`
    + (shown.length === toOrder ? "." : `; ${amount(shown.length)} shown.`)
    + (unknown.length ? ` Of ${amount(unknown.length)} more the stock is unknown.` : "");
  $("orders-table").hidden = !shown.length;
  $("orders-table").tBodies[0].replaceChildren(...shown.map(row));
  $("orders-empty").hidden = Boolean(shown.length);
  $("orders-empty").textContent = !parts.length && !unknown.length ? "The catalogue has no parts yet. Add parts in the shop's app, and they appear here after the next training."
    : new FormData(controls).get("search").trim() ? "No part matches the search." : "Nothing needs an order now. Tick “Also what needs no order” to see every part.";
}

function showUnknown() {
  const shown = chosen(unknown);
  $("unknown").hidden = !shown.length;
  $("unknown-table").tBodies[0].replaceChildren(...shown.map((part) => element("tr", {}, head(part),
    number("Hold up to", part.discontinued ? "–" : amount(part.order_up_to)), number("On order", amount(part.on_order)), number("Expected demand", amount(part.expected_demand)))));
}

function head(part) {
  const name = element("button", { type: "button", className: "part", textContent: part.name });
  name.addEventListener("click", () => open(part));
  return element("th", { scope: "row" }, name, element("span", { className: "category", textContent: about(part) }));
}

const about = (part) => [part.category, part.discontinued && "discontinued", part.out_of_stock && "out of stock"].filter(Boolean).join(" · ");

function number(label, text, extra = "") {
  const made = element("td", { className: `number ${extra}` }, element("span", { textContent: text }));
  made.dataset.label = label;
  return made;
}

function row(part) {
  const chance = part.stock_out_chance;
  const level = chance >= 0.5 ? "high" : chance >= 0.1 ? "some" : "low";
  const meter = element("meter", { min: 0, max: 1, low: 0.1, high: 0.5, optimum: 0, value: chance });
  meter.setAttribute("aria-hidden", "true");
  const risk = element("td", {}, element("span", { className: `risk ${level}` }, meter, share(chance)));
  risk.dataset.label = "May run out";
  return element("tr", {}, head(part), number("Order", part.order_quantity > 0 ? amount(part.order_quantity) : "–", "order"), number("In stock", amount(part.on_hand)),
    number("On order", amount(part.on_order)), number("Expected demand", amount(part.expected_demand)), number("Days of cover", cover(part.days_of_cover)), risk);
}

let close = () => {};

async function open(part) {
  const mine = ++opened;
  $("part-name").textContent = part.name;
  $("part-about").textContent = [about(part), `lead time ${part.lead_time_days} days`, part.minimum_order > 0 && `ordered by ${amount(part.minimum_order)} at least`].filter(Boolean).join(" · ");
  const stock = part.on_hand === null ? "unknown" : amount(part.on_hand);
  const figures = [["Order now", part.order_quantity], ["In stock", part.on_hand], ["On order", part.on_order], ["Reorder at", part.reorder_point], ["Order up to", part.order_up_to]];
  $("part-figures").replaceChildren(...figures.map(([name, value]) => element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: name === "In stock" ? stock : amount(value) }))));
  $("part-words").textContent = "Loading …";
  close();
  for (const id of ["part-daily", "part-needed"]) $(id).replaceChildren();
  if (!$("part").open) $("part").showModal();
  try {
    const answer = await session.get("v1/forecast", { part: part.part, days: CHART_DAYS, quantiles: "0.1,0.9", recent: true });
    if (mine !== opened) return; // another part was opened meanwhile
    const [{ mean, quantiles, recent, total }] = answer.parts;
    const used = recent.reduce((sum, one) => sum + one, 0);
    const ends = [daily($("part-daily"), recent, answer.recent_from, mean, answer.from), needed($("part-needed"), answer.from, mean, quantiles, part.on_hand)];
    close = () => ends.forEach((end) => end());
    $("part-words").textContent = [...part.reasons, ""].join(". ") + `${amount(used)} used in the last ${recent.length} days known. ${amount(total)} expected in the ${CHART_DAYS} days from ${day(answer.from)}; `
      + `nine times in ten at least ${amount(quantiles["0.1"].at(-1))}, and nine times in ten at most ${amount(quantiles["0.9"].at(-1))}.`;
    $("part-daily").setAttribute("aria-label", `Bars of daily use over ${recent.length} days, then a line of expected use`);
    $("part-needed").setAttribute("aria-label", `Expected need growing to ${amount(total)} in ${CHART_DAYS} days, with its band, and the stock of ${stock}`);
  } catch (error) {
    if (mine === opened) $("part-words").textContent = error.message;
  }
}

function showChanges({ since, parts: moved, added, removed, unusual, days }) {
  $("changes-summary").textContent = since ? `Expected demand of the next ${days} days, against version ${since.version}. ${amount(moved.length)} parts moved, ${added.length} came, ${removed.length} went.`
    : "This is the first version, or the one before is no longer there.";
  $("unusual").replaceChildren(...unusual.map((part) =>
    element("li", {}, element("strong", { textContent: part.name }), ` ${amount(part.came)} used in ${part.days} days, where ${amount(part.expected)} were expected`)));
  $("changes").replaceChildren(...moved.slice(0, MOST_CHANGES).map((part) =>
    element("li", {}, element("strong", { textContent: part.name }), ` ${part.change > 0 ? "up" : "down"} from ${amount(part.before)} to ${amount(part.after)}`)));
}

function showQuality(scores) {
  const methods = [["This forecast", scores.challenger], ...Object.entries(scores.baselines ?? {})].filter(([, found]) => found && Object.keys(found).length);
  const measures = Object.keys(SCORES).filter((name) => methods.some(([, found]) => Number.isFinite(found[name])));
  $("quality").hidden = !measures.length;
  $("quality-summary").textContent = measures.length ? "Errors in forecasting this shop's own past, scaled so that shops compare; lower is better." : "There is too little history to say yet.";
  $("quality").tHead.replaceChildren(element("tr", {}, element("th", { scope: "col", textContent: "Method" }), ...measures.map((name) => element("th", { scope: "col", className: "number", textContent: SCORES[name] }))));
  $("quality").tBodies[0].replaceChildren(...methods.map(([name, found]) =>
    element("tr", {}, element("th", { scope: "row", textContent: name }), ...measures.map((measure) => element("td", { className: "number", textContent: Number.isFinite(found[measure]) ? found[measure].toFixed(3) : "–" })))));
}

function download() {
  const link = element("a", { href: URL.createObjectURL(new Blob([csv(chosen())], { type: "text/csv;charset=utf-8" })), download: "order-list.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

function remember() {
  if (controls.checkValidity()) history.replaceState(null, "", `?${new URLSearchParams(policy())}`);
}

for (const [name, value] of new URLSearchParams(location.search)) {
  if (name in policy() && controls.elements[name]) controls.elements[name].value = value;
}
if (!controls.checkValidity()) controls.reset(); // an address written by hand
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is that of <base>, which need not be the page's own
  $("orders").focus();
});
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("change", (event) => {
  if (event.target.name === "search") return; // its input event has done it; drawing again now would swallow a click
  if (event.target.name === "all") return showOrders();
  remember();
  return load();
});
controls.elements.search.addEventListener("input", showOrders);
$("csv").addEventListener("click", download);
$("retry").addEventListener("click", () => load().catch(report));
$("part").addEventListener("close", () => close());
$("sign-out").addEventListener("click", () => (session.signOut(), show("sign-in")));
$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sign-in-problem").textContent = "";
  const form = new FormData(event.target);
  try {
    await session.signIn(form.get("email"), form.get("password"));
    event.target.reset();
    await load();
  } catch (error) {
    $("sign-in-problem").textContent = error.message;
  }
});

try {
  say("Loading …");
  session = await Session.open();
  await load();
  if (session.needsSignIn) say("");
} catch (error) {
  report(error);
}
