"""What a full read may be held against. Decisions only; ``rebuild.py`` reads.

::

    rules change: retrain's part of the deploy        on_appointment's part
    ────────────────────x──────────────────────────────────x────────────────────────▶
                        recount: nothing to compare with          the next schedule reads once more,
                                                                  for what was passed over in between
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from restock.history.settling import Pending

if TYPE_CHECKING:
    from restock.history.history import History

DEPLOYED_WITHIN = timedelta(hours=1)
"""So long a first trigger, or a deploy of other counting rules, may take until on_appointment counts by them."""

IN_FLIGHT = timedelta(hours=24)
"""So long an event may still be under way; differences this young are not drift."""


def counted_by_others(pending: Sequence[Pending], rules: str) -> list[str]:
    """The appointments whose change says nothing of these rules; no full read is held against it."""
    return [one.change.appointment for one in pending if one.change.rules != rules]


def is_comparable(known: History | None, found: History) -> bool:
    return known is not None and known.rules == found.rules


def is_recount(known: History | None, found: History, by_others: Sequence[str]) -> bool:
    """Whether on_appointment may have counted by other rules until this full read was made."""
    if known is None or not is_comparable(known, found) or by_others:
        return True
    return known.is_recount and found.rebuilt_at - known.rebuilt_at < DEPLOYED_WITHIN


def in_flight_since(known: History, started: datetime) -> datetime:
    """Differences written since are nobody's fault: an event is under way, or was passed over during a deploy."""
    return min(started - IN_FLIGHT, known.rebuilt_at) if known.is_recount else started - IN_FLIGHT
