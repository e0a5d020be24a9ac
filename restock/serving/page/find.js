// Finding parts by what people type: name, sku, brand, supplier, category or key, in any order, without accents or case.

const folded = new WeakMap();
const ACCENTS = /\p{M}/gu;
const LIGATURES = { ß: "ss", ø: "o", æ: "ae", œ: "oe", đ: "d", ł: "l", ı: "i" };

export const fold = (text) => text.normalize("NFD").replace(ACCENTS, "").toLowerCase().replace(/[ßøæœđłı]/g, (one) => LIGATURES[one]);

function textOf(part) {
  if (!folded.has(part)) {
    const words = [part.name, part.sku, part.brand, part.supplier, part.category, part.part, ...part.documents];
    folded.set(part, fold(words.filter(Boolean).join("\n")));
  }
  return folded.get(part);
}

export function finder(search) {
  const words = fold(search).trim().split(/\s+/).filter(Boolean);
  return (part) => words.every((word) => textOf(part).includes(word));
}
