"""Whether bookings move the next days' forecasts, and what that is worth: for the artifact and the run's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from restock.stored.fields import needed, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedAhead:
    is_used: bool = False
    days_seen: int = 0
    """On which the book was seen, and a week after which is over."""
    shares_known: tuple[float, ...] = ()
    """The share of jobs that shows in the book 0, 1, 2 to 3, 4 to 6, 7 to 13 days before."""
    gain: float | None = None
    """The share of the loss over seven days that it saves, by backtest; None before it could be tried."""

    def told(self) -> str:
        """For people."""
        if self.gain is None:
            return f"bookings: the book was seen on {self.days_seen} days, too few to tell what it is worth"
        worth = f"a backtest over {self.days_seen} days saves {self.gain:.1%} of the loss over seven days with them"
        return f"bookings: {worth}, so they are {'used' if self.is_used else 'not used'}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"shares_known": list(self.shares_known)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> BookedAhead:
        gain = stored.get("gain")
        return cls(
            is_used=needed(stored, "is_used", bool),
            days_seen=needed(stored, "days_seen", int),
            shares_known=tuple(float(share) for share in optional(stored, "shares_known", list) or ()),
            gain=None if gain is None else float(gain),
        )
