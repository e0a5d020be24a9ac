"""``restock_levels/current``: what to hold of each part, for an app that listens to one document instead of asking.

Levels, not conclusions: the app compares them with its own live stock. Of more than a thousand parts the rest stands in
``current-2``, ``current-3``, …; what bears another generation than ``current`` is of another version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from restock.stored import names
from restock.stored.fields import check_schema, decoding, needed

SCHEMA = 1
READABLE_SCHEMAS = (1,)
PARTS_PER_DOCUMENT = 1000


class Level(NamedTuple):
    """What is to be held of one part, and what is expected to be used."""

    reorder_point: float
    order_up_to: float
    expected_7_days: float
    expected_30_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Of one published version."""

    generation: int
    version: int
    written_at: datetime
    policy: Mapping[str, Any]
    parts: Mapping[str, Level]

    def to_documents(self) -> Sequence[tuple[str, dict[str, Any]]]:
        """By path; ``current`` last: who reads it finds the others written."""
        keys = [key for key in self.parts if _is_name_of_a_field(key)]
        pieces = [keys[k : k + PARTS_PER_DOCUMENT] for k in range(0, len(keys), PARTS_PER_DOCUMENT)] or [[]]
        documents = [
            (
                names.CURRENT_LEVELS if number == 1 else f"{names.CURRENT_LEVELS}-{number}",
                {
                    "generation": self.generation,
                    "version": self.version,
                    "written_at": self.written_at,
                    "policy": dict(self.policy),
                    "documents": len(pieces),
                    "parts": {key: self.parts[key]._asdict() for key in piece},
                    "schema": SCHEMA,
                },
            )
            for number, piece in enumerate(pieces, 1)
        ]
        return documents[::-1]


def generation_of(fields: Mapping[str, Any]) -> int:
    """Which publication ``restock_levels/current`` is of. Raises DamagedError for what this release does not read."""
    with decoding(names.CURRENT_LEVELS):
        check_schema(fields, READABLE_SCHEMAS)
        return needed(fields, "generation", int)


def _is_name_of_a_field(key: str) -> bool:
    """Firestore keeps no other key in a map: a part of such a name is told by /v1/restock alone."""
    return 0 < len(key.encode()) <= 1500 and not (key.startswith("__") and key.endswith("__"))
