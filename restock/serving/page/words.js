// Numbers, days and ages as this page writes them: in English, like its words, and as the reader's own English has them.

const ENGLISH = navigator.languages.find((one) => /^en\b/i.test(one)) ?? "en-GB";
const amounts = new Intl.NumberFormat(ENGLISH, { maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat(ENGLISH, { maximumFractionDigits: 3 });
const prices = new Intl.NumberFormat(ENGLISH, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const shares = new Intl.NumberFormat(ENGLISH, { style: "percent", maximumFractionDigits: 0 });
const days = new Intl.DateTimeFormat(ENGLISH, { day: "numeric", month: "short", timeZone: "UTC" });
const dates = new Intl.DateTimeFormat(ENGLISH, { dateStyle: "medium", timeZone: "UTC" });
const clocks = new Intl.DateTimeFormat(ENGLISH, { hour: "numeric", minute: "2-digit" });
const spans = new Intl.RelativeTimeFormat(ENGLISH, { numeric: "auto" });

const DAY = 86_400_000;
const at = (text) => new Date(`${text}T00:00:00Z`);

export const amount = (number) => (number === null || number === undefined ? "–" : amounts.format(number));
export const quantity = (number) => exact.format(number);
export const money = (number) => prices.format(number);
export const share = (number) =>
  number > 0 && number < 0.01 ? `<${shares.format(0.01)}` : number > 0.99 ? `>${shares.format(0.99)}` : shares.format(number);
export const day = (text) => days.format(at(text));
export const date = (text) => dates.format(at(text));
export const clock = (moment) => clocks.format(moment);
export const later = (text, count) => new Date(at(text).getTime() + count * DAY).toISOString().slice(0, 10);
export const count = (number, one, many = `${one}s`) => `${amount(number)} ${number === 1 ? one : many}`;
export const cover = (number) => (number === null ? "over a year" : count(number, "day"));

export function ago(milliseconds) {
  for (const [unit, size] of [["day", DAY], ["hour", 3_600_000], ["minute", 60_000]]) {
    if (milliseconds >= size) return spans.format(-Math.floor(milliseconds / size), unit);
  }
  return "just now";
}
