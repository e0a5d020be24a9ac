// The order as a table to take away: CSV that Excel opens whole, in any country, and plain text.
//
// Excel reads a file by its country's rules: where decimals have a comma, fields are parted by semicolons. Without the mark
// at its beginning it takes UTF-8 for an older code; a bare 1E5 becomes 100000, 00123 becomes 123 and 3-4 a day of April.

import { count, date, later, quantity } from "./words.js";

const MARK = "\uFEFF";
const COLUMNS = [
  ["part", ({ part }) => id(part.part)], ["sku", ({ part }) => id(part.sku)], ["name", ({ part }) => text(part.name)],
  ["brand", ({ part }) => text(part.brand)], ["category", ({ part }) => text(part.category)], ["supplier", ({ part }) => text(part.supplier)],
  ["order_quantity", (line) => line.quantity], ["unit_cost", ({ part }) => part.unit_cost],
  ["on_hand", ({ part }) => part.on_hand], ["on_order", ({ part }) => part.on_order], ["lead_time_days", ({ part }) => part.lead_time_days],
  ["expected_demand", ({ part }) => part.expected_demand], ["days_of_cover", ({ part }) => part.days_of_cover],
];
export const SEPARATORS = {
  semicolon: { label: "semicolons, decimal commas", field: ";", decimal: "," },
  comma: { label: "commas, decimal points", field: ",", decimal: "." },
};

const decimal = new Intl.NumberFormat(navigator.language).formatToParts(1.5).find((part) => part.type === "decimal")?.value;
export const usualSeparators = decimal === "," ? "semicolon" : "comma";

// A cell that a spreadsheet would run as a formula is made text.
const text = (value) => (/^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : value ?? "");

// A part number that a spreadsheet would take for a number or a day is written as the text it is.
const id = (value) => (/^[\d.,]+(e[+-]?\d+)?$|^\d+[-/.]\d+([-/.]\d+)?$/i.test(value ?? "") ? `="${value}"` : text(value));

export function csv(lines, separators) {
  const { field, decimal: point } = SEPARATORS[separators];
  const cell = (value) => {
    const said = typeof value === "number" ? String(value).replace(".", point) : String(value ?? "");
    return said.includes(field) || /["\n\r]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
  };
  const rows = [COLUMNS.map(([name]) => name), ...lines.map((line) => COLUMNS.map(([, value]) => value(line)))];
  return MARK + rows.map((row) => row.map(cell).join(field)).join("\r\n") + "\r\n";
}

export const titleOf = (shop, day) => ["Order list", shop, date(day)].filter(Boolean).join(", ");

export const policyInWords = ({ from, review_days, service_level, measure }, lead) =>
  `from ${date(from)}; delivery in ${count(lead, "day")} where a part says none; next look on ${date(later(from, review_days))}; `
  + `${measure === "fill" ? "share of demand served" : "chance not to run out"} ${Math.round(service_level * 1000) / 10} %`;

export function asText(title, groups) {
  const line = ({ part, quantity: many }) => `${quantity(many)} × ${part.name}${part.sku ? ` (${part.sku})` : ""}`;
  const body = groups.flatMap(({ supplier, lines }) => ["", ...(supplier ? [`${supplier}:`] : []), ...lines.map(line)]);
  return [title, ...body].join("\n") + "\n";
}
