// Numbers and days as people of the reader's language write them, and the order list as CSV.

const amounts = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const spans = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const amount = (number) => (number === null || number === undefined ? "–" : amounts.format(number));
export const share = (number) => (number > 0 && number < 0.01 ? `under ${shares.format(0.01)}` : number > 0.99 ? `over ${shares.format(0.99)}` : shares.format(number));
export const day = (text) => days.format(new Date(`${text}T00:00:00Z`));
export const date = (text) => dates.format(new Date(`${text}T00:00:00Z`));
export const cover = (number) => (number === null ? "over a year" : amounts.format(number));

export function ago(seconds) {
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= size) return spans.format(-Math.round(seconds / size), unit);
  }
  return "just now";
}

const COLUMNS = ["part", "name", "category", "order_quantity", "on_hand", "on_order", "lead_time_days", "expected_demand", "days_of_cover", "stock_out_chance"];

// A cell that a spreadsheet would run as a formula is made text.
const cell = (value) => {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function csv(parts) {
  return [COLUMNS, ...parts.map((part) => COLUMNS.map((column) => part[column]))].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
