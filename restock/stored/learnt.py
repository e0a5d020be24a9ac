"""``learnt/<run>``: what a run that learns finds out, for the runs that follow it until the next one learns.

Written once, under the number of the run that learnt. The pointer names it beside model and history, and so does the
manifest of every version made with it: a rollback goes back to what that version followed.

::

    learn ──── follow ──── follow ──── learn ──── follow ── rollback ── follow
    learnt/7 ◄────┴───────────┘        learnt/10 ◄──┘                     └──▶ learnt/7 again

What is inside the body is the forecasting's own. Promise 7: it may execute when opened, so only retrain opens it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from restock.errors import DamagedError
from restock.settings import Settings
from restock.stored.fields import check_schema, decoding, needed

SCHEMA = 1
READABLE_SCHEMAS = (1,)
LEARNING = 3
"""Raised by a release that learns otherwise: what an earlier one learnt is then followed no more."""
_END = b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    run: int
    """Which learnt it."""
    learnt_at: str
    basis: str
    """What it depends on besides history; see ``basis_of``."""
    rules: str
    """The counting rules of the history it was learnt from."""
    libraries: Mapping[str, str]
    body: bytes

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.learnt_at)

    def to_bytes(self) -> bytes:
        """One line of JSON, and the body."""
        head = {
            "schema": SCHEMA,
            "run": self.run,
            "learnt_at": self.learnt_at,
            "basis": self.basis,
            "rules": self.rules,
            "libraries": dict(self.libraries),
        }
        return json.dumps(head, sort_keys=True).encode("ascii") + _END + self.body

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Learnt:
        """Raises DamagedError, naming the object, for anything but a whole one of a readable layout."""
        head, end, body = data.partition(_END)
        with decoding(name):
            stored: dict[str, Any] = json.loads(head)
            check_schema(stored, READABLE_SCHEMAS)
            found = cls(
                run=needed(stored, "run", int),
                learnt_at=needed(stored, "learnt_at", str),
                basis=needed(stored, "basis", str),
                rules=needed(stored, "rules", str),
                libraries=needed(stored, "libraries", dict),
                body=body,
            )
            if found.moment.tzinfo is None:
                raise ValueError(f"learnt_at {found.learnt_at!r} has no zone")
        if not end or not body:
            raise DamagedError(f"{name}: nothing was learnt in it")
        return found


def basis_of(settings: Settings, libraries: Mapping[str, str], imported: bytes | None) -> str:
    """A digest of all that learning depends on besides history; with another one, what was learnt is not followed."""
    facts = {
        "learning": LEARNING,
        "time_zone": settings.time_zone,
        "closed_days": sorted(day.isoformat() for day in settings.closed_days),
        "budget_seconds": settings.training_budget_seconds,
        "libraries": dict(libraries),
        "imported": hashlib.sha256(imported).hexdigest() if imported else None,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
