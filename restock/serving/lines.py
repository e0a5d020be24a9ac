"""One shelf, one line: to which part of the model a word of a caller or a document of the catalogue belongs.

Training decides which documents are one line: those of one name, and what one supersedes. A document added since joins
the line of its name. Of one line stock and stock on order are summed, and the stricter lead time and minimum order
hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restock.serving.http import HttpError
from restock.serving.stock import Shelf
from restock.stored.artifact import Part, listed_rows
from restock.written import fold


@dataclass(frozen=True, slots=True)
class Line:
    """What the catalogue says of a part, all its documents together; ``on_hand`` is None if it is not known of one."""

    documents: tuple[str, ...] = ()
    on_hand: float | None = None
    on_order: float = 0.0
    lead_time_days: int | None = None
    minimum_order: float = 0.0
    is_discontinued: bool = False
    sku: str = ""
    brand: str = ""

    @classmethod
    def of(cls, part: Part, documents: Mapping[str, Shelf]) -> Line:
        """What is superseded has no say in whether the part is still sold."""
        shelves = list(documents.values())
        stocks = [shelf.on_hand for shelf in shelves]
        own = [shelf for id, shelf in documents.items() if id == part.key or fold(shelf.name) == fold(part.name)]
        return cls(
            documents=tuple(sorted(documents, key=lambda id: (id != part.key, id))),
            on_hand=None if not stocks or None in stocks else sum(stock or 0.0 for stock in stocks),
            on_order=sum(shelf.on_order or 0.0 for shelf in shelves),
            lead_time_days=max((s.lead_time_days for s in shelves if s.lead_time_days is not None), default=None),
            minimum_order=max((shelf.minimum_order or 0.0 for shelf in shelves), default=0.0),
            is_discontinued=bool(own) and all(shelf.is_discontinued for shelf in own),
            sku=", ".join(dict.fromkeys(shelf.sku for shelf in shelves if shelf.sku)),
            brand=", ".join(dict.fromkeys(shelf.brand for shelf in shelves if shelf.brand)),
        )


class Lines:
    """The lines of one model; a row is a part's place in its artifact."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._by_id = {id: row for row, part in enumerate(parts) for id in part.documents}
        for row, part in enumerate(parts):
            self._by_id.setdefault(part.key, row)
        self._by_name: dict[str, list[int]] = {}
        for part in parts:
            rows = self._by_name.setdefault(fold(part.name), [])
            if self._by_id[part.key] not in rows:
                rows.append(self._by_id[part.key])
        for part in parts:
            for id in part.documents:  # a superseded part that the catalogue knows no more may be given by its name
                self._by_name.setdefault(fold(id), [self._by_id[id]])
        self.active = listed_rows(parts)
        """The lines that the catalogue lists."""

    def key(self, row: int) -> str:
        return self._parts[row].key

    def name(self, row: int) -> str:
        return self._parts[row].name

    def find(self, word: str) -> list[int]:
        """The rows of a key, an id of the catalogue or a name; none if it is unknown."""
        row = self._by_id.get(word)
        return [row] if row is not None else self._by_name.get(fold(word), [])

    def rows(self, words: Sequence[str], missing: dict[str, None] | None = None) -> list[int]:
        """The rows of the parts asked for, in that order and once; without any, the active ones.

        ``missing`` gathers the words that nobody knows; without it they are refused.
        """
        if not words:
            return self.active
        return list(dict.fromkeys(row for word in words for row in self._found(word, "part", missing)))

    def given(
        self,
        field: str,
        pairs: Iterable[tuple[str, Any]],
        join: Callable[[Iterable[Any]], Any],
        missing: dict[str, None] | None = None,
    ) -> dict[int, Any]:
        """What a caller gives per part, by row. What it gives of several documents of one line is joined."""
        found: dict[int, dict[str, Any]] = {}
        for word, value in pairs:
            for row in self._found(word, field, missing):
                document = word if word in self._by_id else self._parts[row].key
                found.setdefault(row, {})[document] = value
        return {row: join(by_document.values()) for row, by_document in found.items()}

    def gather(self, shelves: Mapping[str, Shelf]) -> dict[int, Line]:
        """What the catalogue says, by row. Documents of parts that the model doesn't know yet are nobody's."""
        documents: dict[int, dict[str, Shelf]] = {}
        for id, shelf in shelves.items():
            row = self._by_id.get(id)
            for found in [row] if row is not None else self._by_name.get(fold(shelf.name), []):
                documents.setdefault(found, {})[id] = shelf
        return {row: Line.of(self._parts[row], its) for row, its in documents.items()}

    def _found(self, word: str, field: str, missing: dict[str, None] | None) -> list[int]:
        rows = self.find(word)
        if not rows and missing is not None:
            missing[word] = None
        elif not rows:
            raise HttpError(404, f"part {word[:100]!r} is not known to the model", field=field)
        return rows
