"""The pointer: the one object that says which model, which history and what is learnt are live.

Its conditional write commits them together. Its generation, given by Cloud Storage, is what serving watches.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, needed, optional

SCHEMA = 1
READABLE_SCHEMAS = (1,)
NUMBERS = ("version", "history", "run")
DIGESTS = ("forecast_sha256", "manifest_sha256", "history_sha256")
FOLLOWED = ("learnt", "learnt_sha256", "learnt_at")
"""Fields that a version's manifest has, too: a rollback puts them back."""
TEXTS = (*DIGESTS, "published_by", "published_at", "trained_at", "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    version: int
    """The live model."""
    history: int
    """The live history: the version whose run wrote it."""
    run: int
    """The run that published last; a rollback or pin leaves it."""
    attempt: str | None = None
    """The one under that number, as its run record says. Pointers of before do not."""
    pinned: bool = False
    forecast_sha256: str
    manifest_sha256: str
    history_sha256: str
    published_by: str
    published_at: str
    trained_at: str
    rules: str
    database: str = ""
    """Whose appointments are counted: projects/P/databases/D. Older releases did not say."""
    stock_seen: int | None = None
    """The live record of stock seen: the version whose run wrote it. Pointers of before have none."""
    stock_seen_sha256: str | None = None
    booked_seen: int | None = None
    """Likewise of the bookings seen."""
    booked_seen_sha256: str | None = None
    learnt: int | None = None
    """What runs follow until one learns anew: the run that learnt it. None: the next run learns."""
    learnt_sha256: str | None = None
    learnt_at: str | None = None
    schema: int = SCHEMA

    @property
    def trained_at_moment(self) -> datetime:
        return datetime.fromisoformat(self.trained_at)

    @property
    def learnt_at_moment(self) -> datetime | None:
        return datetime.fromisoformat(self.learnt_at) if self.learnt_at else None

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Pointer:
        """Raises DamagedError if this is no pointer, or one of a layout this release does not read."""
        with decoding(names.POINTER):
            stored: dict[str, Any] = json.loads(data)
            check_schema(stored, READABLE_SCHEMAS)
            facts: dict[str, Any] = {name: needed(stored, name, int) for name in NUMBERS}
            facts |= {name: needed(stored, name, str) for name in TEXTS}
            for place in ("stock_seen", "booked_seen", "learnt"):
                facts[place] = optional(stored, place, int)
                facts[f"{place}_sha256"] = optional(stored, f"{place}_sha256", str)
            facts |= {name: optional(stored, name, str) for name in ("learnt_at", "attempt")}
            pointer = cls(
                **facts, pinned=needed(stored, "pinned", bool), database=optional(stored, "database", str) or ""
            )
            pointer.trained_at_moment, pointer.learnt_at_moment  # noqa: B018  # here, so that neither fails later
            return pointer
