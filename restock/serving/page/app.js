// The page: asks, keeps what it was answered, draws it, and says what to do when there is nothing to show.

import { partFrom, policyFrom, policyOf, rememberPolicy, viewFrom, write } from "./address.js";
import { drawBoard, FIRST_ROWS } from "./board.js";
import { Certainty, compare } from "./certainty.js";
import { Chain, namesNoShop } from "./chain.js";
import { orderDesk } from "./desk.js";
import { ApiError } from "./errors.js";
import { $, draw, html } from "./html.js";
import { Ordering } from "./ordering.js";
import { close, open } from "./part.js";
import { Quantities } from "./quantities.js";
import { Service } from "./service.js";
import { Session } from "./session.js";
import { signIn } from "./signin.js";
import { takeAway } from "./takeaway.js";

const MOST_CHANGES = 12;
const TYPING_MILLISECONDS = 400; // a number that is still being changed is not asked for yet
const FRESH_MILLISECONDS = 60_000; // who comes back later than this sees newer figures
const SAID_MILLISECONDS = 12_000;
const LOADING = "Loading …";
const CLOCK_MILLISECONDS = 30_000;
const RETRY_SECONDS = [5, 10, 20, 40, 60];

const { config, usual, early } = window.restock;
const session = new Session(config);
const service = new Service(session, early);
const ordering = new Ordering(service);
const chain = new Chain(service, () => load());
const quantities = new Quantities();
const controls = $("controls");
const state = { answer: null, readAt: 0, orders: null, drafts: null, model: null, changes: null, bookings: null, conflict: null, problems: {}, view: viewFrom(), most: {} };
let asked = 0;
let failures = 0;
let isOfChain = false; // this address is no shop's
let timer;

const policy = () => policyOf(controls, usual);
let said;

function say(text) {
  clearTimeout(said);
  $("status").textContent = text;
  if (text && text !== LOADING) said = setTimeout(() => say(""), SAID_MILLISECONDS);
}

const desk = orderDesk({ state, ordering, quantities, say, redraw, load, leave: fail });
const saySignIn = signIn(session, () => load());

function show(what) {
  for (const id of ["problem", "sign-in", "board", "chain"]) $(id).hidden = id !== what;
  $("sign-out").hidden = !session.canSignOut;
  if (what !== "board") $("part").close();
}

function redraw() {
  if (!state.answer) return;
  drawBoard(state, quantities, { onOpen, onType, onSort, onMore, ...desk, onRetry: load });
}

async function load() {
  clearTimeout(timer);
  if (session.needsSignIn && !session.canSignIn) return fail(new ApiError(501, "Signing in is not set up here: FIREBASE_WEB_API_KEY has no value."));
  if (session.needsSignIn) return show("sign-in");
  if (isOfChain) return loadChain();
  if (!controls.checkValidity()) return controls.reportValidity();
  const mine = ++asked;
  if (!state.answer) say(LOADING);
  $("board").setAttribute("aria-busy", "true");
  try {
    const answer = await service.get("v1/restock", policy());
    if (mine !== asked) return; // a later choice, or signing out, has overtaken this one
    failures = 0;
    if ($("status").textContent === LOADING) say("");
    for (const part of [...answer.parts, ...answer.unknown_stock]) part.is_snoozed = part.snoozed_until > answer.from;
    Object.assign(state, { answer, readAt: Date.now() });
    state.problems.answer = null;
    show("board");
    redraw();
  } catch (error) {
    if (mine !== asked) return;
    if (!namesNoShop(error)) return fail(error);
    isOfChain = true;
    return loadChain();
  } finally {
    if (mine === asked) $("board").removeAttribute("aria-busy");
  }
  const part = partFrom();
  if (part && !$("part").open) onOpen(part);
  await aside("orders", "v1/orders", mine, { status: "ordered" });
  await Promise.all([state.orders?.may_write && aside("drafts", "v1/orders", mine, { status: "draft" }), aside("model", "v1/model", mine), aside("bookings", "v1/bookings", mine), aside("changes", "v1/changes", mine, { days: 30, most: MOST_CHANGES })]);
}

async function loadChain() {
  const mine = ++asked;
  try {
    await chain.load(() => mine === asked && show("chain"));
    failures = 0;
    if ($("status").textContent === LOADING) say("");
  } catch (error) {
    if (mine === asked) fail(error);
  }
}

// What stands beside the list fails by itself.
async function aside(name, path, mine, parameters) {
  try {
    const found = await service.get(path, parameters);
    if (mine !== asked) return;
    state[name] = found;
    state.problems[name] = null;
  } catch (error) {
    if (mine !== asked) return;
    state.problems[name] = error.message;
  }
  redraw();
}

function fail(error) {
  say("");
  if (!(error instanceof ApiError)) console.error(error);
  if (error.status === 401 && session.isNeeded) return leave(error.message);
  const canPass = [0, 429, 500, 502, 503, 504].includes(error.status);
  if (state.answer && error.status !== 403) {
    state.problems.answer = error.message;
    redraw();
  } else {
    $("problem-title").textContent = error.isNoModelYet ? "No forecast yet" : error.status === 403 ? "Not for this account" : "This did not work";
    $("problem-text").textContent = error.isNoModelYet ? "The first forecast is made after the first completed appointments. This page looks again by itself."
      : error.status === 403 ? "Ask whoever runs the shop's accounts for access, or sign in with another one." : error.message;
    show("problem");
  }
  if (canPass) timer = setTimeout(load, 1000 * Math.max(RETRY_SECONDS[Math.min(failures++, RETRY_SECONDS.length - 1)], error.retryAfter || 0));
}

// Signed out, by oneself or because the sign-in has ended: nothing that was asked before may show the board again.
function leave(reason = "") {
  asked += 1;
  clearTimeout(timer);
  session.signOut();
  show("sign-in");
  saySignIn(reason);
}

function onOpen(key) {
  const { answer } = state;
  const part = [...answer.parts, ...answer.unknown_stock].find((one) => one.part === key);
  if (!part) return say(`There is no part ${key}.`);
  write(policy(), state.view, key, key !== partFrom());
  open({ service, ordering, part, answer, many: quantities.of(part), policy: policy(), onSaved });
}

async function onSaved(key) {
  await load();
  if ($("part").open && partFrom() === key) onOpen(key);
}

function onType(part, field) {
  const isGood = quantities.type(part, field.value);
  field.setCustomValidity?.(isGood ? "" : "A quantity from 0 to 1,000,000.");
  if (!isGood) return field.reportValidity();
  redraw();
}

function onView(changed) {
  Object.assign(state.view, changed);
  state.most = {};
  write(policy(), state.view, null);
  redraw();
}

function onSort(sort) {
  onView({ sort, descending: state.view.sort === sort && !state.view.descending });
}

function onMore(id) {
  state.most[id] = (state.most[id] ?? FIRST_ROWS) + 200;
  redraw();
}

async function compareLevels() {
  if (!$("certainty").open) return;
  draw(html`<${Certainty} />`, $("levels"));
  const shown = await compare(service, policy()).then((rows) => ({ rows }), (error) => ({ problem: error.message }));
  draw(html`<${Certainty} ...${shown} />`, $("levels"));
}

function start() {
  policyFrom(controls, usual);
  $("search").value = state.view.search;
  $("all").value = String(state.view.all);
  let typing;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("input", (event) => {
    if (!(event.target.name in usual)) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      if (!controls.checkValidity()) return controls.reportValidity();
      rememberPolicy(policy());
      write(policy(), state.view, null);
      compareLevels();
      load();
    }, TYPING_MILLISECONDS);
  });
  $("search").addEventListener("input", () => onView({ search: $("search").value.slice(0, 200) }));
  $("category").addEventListener("change", () => onView({ category: $("category").value }));
  $("sort").addEventListener("change", () => onView({ sort: $("sort").value, descending: false }));
  $("all").addEventListener("change", () => onView({ all: $("all").value === "true" }));
  $("certainty").addEventListener("toggle", compareLevels);
  $("retry").addEventListener("click", load);
  $("sign-out").addEventListener("click", () => {
    Object.assign(state, { answer: null, readAt: 0, orders: null, drafts: null, model: null, changes: null, bookings: null, conflict: null });
    quantities.clear();
    chain.forget();
    isOfChain = false;
    leave();
  });
  $("part").addEventListener("close", () => {
    close();
    if (!$("board").hidden) write(policy(), state.view, null);
  });
  window.addEventListener("popstate", () => {
    Object.assign(state.view, viewFrom());
    $("search").value = state.view.search;
    $("all").value = String(state.view.all);
    redraw();
    const part = partFrom();
    if (!part) $("part").close();
    else if (state.answer) onOpen(part);
  });
  const readAt = () => (isOfChain ? chain.readAt : state.readAt);
  const isOld = () => readAt() > 0 && Date.now() - readAt() > FRESH_MILLISECONDS;
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && isOld() && load());
  window.addEventListener("focus", () => isOld() && load());
  window.addEventListener("online", () => (state.problems.answer || !$("problem").hidden) && load());
  setInterval(() => document.visibilityState === "visible" && !$("board").hidden && redraw(), CLOCK_MILLISECONDS);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address is that of <base>, which need not be the page's own
    $(isOfChain ? "shops" : "lists").focus();
  });
  takeAway(() => {
    const { answer } = state;
    return { answer, lines: answer ? quantities.lines(chosenParts()) : [], lead: policy().lead_time_days };
  }, say);
  load();
}

const chosenParts = () => state.answer.parts;

start();
