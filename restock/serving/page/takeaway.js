// Ways in which the order leaves the page: a file, the clipboard, what the device shares with, a mail, paper.

import { bySupplier } from "./choice.js";
import { $, draw, html } from "./html.js";
import { rememberSettings, settings } from "./address.js";
import { asText, csv, policyInWords, SEPARATORS, titleOf, usualSeparators } from "./sheet.js";
import { amount, count, quantity } from "./words.js";

const LONGEST_MAIL = 1800; // longer addresses are cut off by mail programs

const linesBySupplier = (lines) => {
  const quantities = new Map(lines.map((line) => [line.part.part, line]));
  return bySupplier(lines.map((line) => line.part)).map(({ supplier, parts }) => ({ supplier, lines: parts.map((part) => quantities.get(part.part)) }));
};
const shop = () => settings().shop ?? "";

function download(lines) {
  const blob = new Blob([csv(lines, $("separators").value)], { type: "text/csv;charset=utf-8" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `order-${new Date().toLocaleDateString("sv")}.csv` });
  link.click();
  URL.revokeObjectURL(link.href);
}

function Sheet({ answer, lines, lead }) {
  return html`<h1>${titleOf(shop(), answer.from)}</h1>
    <p>${count(lines.length, "line")}; ${policyInWords(answer, lead)}</p>
    ${linesBySupplier(lines).map(({ supplier, lines: its }) => html`<table key=${supplier}>
      ${supplier && html`<caption dir="auto">${supplier}</caption>`}
      <thead><tr><th class="tick"></th><th>Part</th><th>Number</th><th class="number">Order</th><th class="number">In stock</th></tr></thead>
      <tbody>${its.map(({ part, quantity: many }) => html`<tr key=${part.part}><td class="tick"><span></span></td><td dir="auto">${part.name}</td>
        <td dir="auto">${part.sku || part.part}</td><td class="number"><b>${quantity(many)}</b></td><td class="number">${amount(part.on_hand)}</td></tr>`)}</tbody>
    </table>`)}`;
}

// `look` gives what is on the screen at the moment: { answer, lines, lead }.
export function takeAway(look, say) {
  const title = () => titleOf(shop(), look().answer.from);
  const plain = () => asText(title(), linesBySupplier(look().lines));
  $("separators").replaceChildren(...Object.entries(SEPARATORS).map(([value, { label }]) => new Option(label, value)));
  $("separators").value = settings().separators ?? usualSeparators;
  $("separators").addEventListener("change", () => rememberSettings({ separators: $("separators").value }));
  $("shop").value = shop();
  $("shop").addEventListener("input", () => rememberSettings({ shop: $("shop").value.trim() }));
  $("csv").addEventListener("click", () => download(look().lines));
  $("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(plain());
    say(`Copied: ${count(look().lines.length, "line")}.`);
  });
  $("share").hidden = !navigator.share;
  $("share").addEventListener("click", () => navigator.share({ title: title(), text: plain() }).catch(() => {})); // thought better of
  $("mail").addEventListener("click", () => {
    const text = plain();
    const body = text.length <= LONGEST_MAIL ? text : `${text.slice(0, LONGEST_MAIL).replace(/\n[^\n]*$/, "")}\n…\n(The list goes on: send it as CSV.)`;
    location.href = `mailto:?subject=${encodeURIComponent(title())}&body=${encodeURIComponent(body)}`;
  });
  $("print").addEventListener("click", () => window.print());
  window.addEventListener("beforeprint", () => look().answer && draw(html`<${Sheet} ...${look()} />`, $("sheet")));
}
