// What an owner knows of a part and the app's catalogue does not: shown where the part is, and changed there.

import { html } from "./html.js";
import { date, later } from "./words.js";

const FIELDS = [
  ["supplier", "Supplier", { type: "text", maxlength: 200, dir: "auto" }],
  ["lead_time_days", "Delivery, days", { type: "number", min: 0, max: 365, step: 1 }],
  ["pack", "Pack of", { type: "number", min: 0.001, max: 1000000, step: "any" }],
  ["minimum_order", "Order at least", { type: "number", min: 0, max: 1000000, step: "any" }],
  ["maximum", "Hold at most", { type: "number", min: 0, max: 1000000, step: "any" }],
  ["unit_cost", "One costs", { type: "number", min: 0, max: 1000000000, step: "any" }],
  ["note", "Note", { type: "text", maxlength: 2000, dir: "auto" }],
];

// Only what differs is said, so that two people who change two things do not undo each other; an emptied field is forgotten.
function changed(form, facts) {
  const asked = {};
  for (const [name, , { type }] of FIELDS) {
    const text = form.elements[name].value.trim();
    const value = text === "" ? null : type === "number" ? Number(text) : text;
    if (value !== (facts[name] || facts[name] === 0 ? facts[name] : null)) asked[name] = value;
  }
  return asked;
}

export function Facts({ known, problem, today, onSave }) {
  if (!known) return html`<p class="quiet">${problem || "Loading …"}</p>`;
  const { facts, may_write: mayWrite } = known;
  const save = (event) => {
    event.preventDefault();
    onSave(changed(event.target, facts));
  };
  const snooze = (days) => onSave({ snoozed_until: days ? later(today, days) : null });
  const isSnoozed = facts.snoozed_until && facts.snoozed_until > today;
  return html`<form onSubmit=${save} key=${facts.version} aria-label="What you know of this part">
    ${problem && html`<p class="warning" role="alert">${problem}</p>`}
    <div class="row">${FIELDS.map(([name, label, about]) => html`<label key=${name} class=${about.type === "text" ? "wide" : ""}>${label} <input name=${name} ...${about} value=${facts[name] ?? ""} disabled=${!mayWrite} /></label>`)}</div>
    ${mayWrite && html`<p class="row buttons"><button type="submit">Save</button>
      ${isSnoozed ? html`<button type="button" class="second" onClick=${() => snooze(0)}>Ask for it again (snoozed until ${date(facts.snoozed_until)})</button>`
        : html`<button type="button" class="second" onClick=${() => snooze(7)}>Snooze a week</button><button type="button" class="second" onClick=${() => snooze(30)}>Snooze 30 days</button>`}</p>`}
    ${facts.edited_at && html`<p class="quiet">Last changed ${date(facts.edited_at.slice(0, 10))}${facts.edited_by ? ` by ${facts.edited_by}` : ""}.</p>`}
  </form>`;
}
