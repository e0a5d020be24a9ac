// Why so many: the advice for one part in words.

import { amount, count, date, day, later, share } from "./words.js";

const ODDS = { 0.8: "4 times in 5", 0.9: "9 times in 10", 0.95: "19 times in 20", 0.98: "49 times in 50", 0.99: "99 times in 100" };
export const odds = (level) => ODDS[level] ?? `with a chance of ${share(level)}`;

export function why(part, { from, review_days, service_level, measure }) {
  const { lead_time_days: lead, on_hand: hand, on_order: coming } = part;
  const enough = measure === "fill" ? `serves ${share(service_level)} of the demand` : `is enough ${odds(service_level)}`;
  const through = later(from, Math.max(1, lead + review_days) - 1);
  const lines = [`Until ${day(through)} about ${amount(part.expected_demand)} will be used; ${amount(part.order_up_to)} ${enough}.`];
  if (hand === null) lines.push(`Nobody has said how many are there; ${amount(coming)} are on order. Enter the stock in the shop's app.`);
  else lines.push(`You have ${amount(hand)}${coming > 0 ? `, and ${amount(coming)} are on order${expected(part)}` : ", and none are on order"}.`);
  if (hand !== null && !part.discontinued) {
    const position = hand + coming;
    const arrival = lead === 0 ? "An order of today is there at once" : `An order of today arrives on ${day(later(from, lead))}`;
    lines.push(`${arrival}; the next look is on ${day(later(from, review_days))}, and what is ordered then arrives on ${day(later(from, review_days + lead))}.`);
    lines.push(!(part.order_quantity > 0) ? "That is enough: nothing to order now."
      : position <= part.reorder_point ? `That is no more than the ${amount(part.reorder_point)} that should last until a delivery: order ${amount(part.order_quantity)} today.`
        : part.booked_need > hand ? `Booked jobs may need ${amount(part.booked_need)}, more than is there: order ${amount(part.order_quantity)} today.`
        : `That is more than the ${amount(part.reorder_point)} that should last until a delivery: ${amount(part.order_quantity)} could be ordered, and can wait.`);
    if (part.minimum_order > 0) lines.push(`The least that is sold is ${amount(part.minimum_order)}.`);
    if (part.pack > 0) lines.push(`It comes in packs of ${amount(part.pack)}.`);
  }
  return [...lines, ...part.reasons.map((reason) => `${reason}.`)];
}

const isComing = (order) => !order.delivered && order.open > 0;

function expected(part) {
  const known = (part.orders ?? []).filter((order) => isComing(order) && order.expected_on);
  return known.length ? `: ${known.map((order) => `${amount(order.open)} expected on ${day(order.expected_on)}`).join(", ")}` : "";
}

// On which days how much of it comes: as an order says, else as long after today as its delivery takes.
export function comingsOf(part, from) {
  const known = (part.orders ?? []).filter(isComing).map((order) => ({ day: order.expected_on ?? later(from, part.lead_time_days), quantity: order.open }));
  const rest = part.on_order - known.reduce((sum, one) => sum + one.quantity, 0);
  return rest > 0 ? [...known, { day: later(from, part.lead_time_days), quantity: rest }] : known;
}

export const periodOf = (part, review) => Math.min(90, Math.max(7, part.lead_time_days + review));

export const used = (recent, recentFrom) =>
  `${amount(recent.reduce((sum, one) => sum + one, 0))} used in the ${count(recent.length, "day")} from ${date(recentFrom)}.`;

// What forecasts have been worth: of whole weeks, what was said before they began, and what came.
export function told(weeks) {
  if (!weeks.length) return "What was forecast is compared with what came once a whole week has passed.";
  const sum = (name) => amount(weeks.reduce((total, week) => total + week[name], 0));
  return `In ${count(weeks.length, "week")} from ${date(weeks[0].from)} on we said ${sum("expected")}, you used ${sum("came")}.`;
}
