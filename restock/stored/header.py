"""What a version's forecasts say of themselves, beside the numbers: the head of the artifact, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from restock.stored.booked_ahead import BookedAhead
from restock.stored.fields import needed, number, optional, present
from restock.stored.hindsight import Hindsight
from restock.stored.service_parts import ServiceParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """A part whose demand since the version before was all but impossible by it."""

    key: str
    name: str
    days: int
    expected: float
    came: float
    chance: float

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Surprise:
        return cls(
            key=needed(stored, "key", str),
            name=needed(stored, "name", str),
            days=needed(stored, "days", int),
            expected=number(stored, "expected"),
            came=number(stored, "came"),
            chance=number(stored, "chance"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The version before, and what came otherwise than it said."""

    version: int
    unusual: Sequence[Surprise] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Since:
        found: list[dict[str, Any]] = optional(stored, "unusual", list) or []
        return cls(version=needed(stored, "version", int), unusual=tuple(Surprise.from_json(one) for one in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is None or empty, the release that trained it did not say."""

    version: int
    trained_at: str
    trained_through: date
    first_day: date | None = None
    time_zone: str | None = None
    classes: Mapping[str, int] | None = None
    """How many parts are of each class of demand."""
    recipe: Mapping[str, Any] | None = None
    """The methods' own."""
    scores: Mapping[str, Any] | None = None
    notes: Sequence[str] | None = None
    """For people: what to know of this training."""
    since: Since | None = None
    services: ServiceParts | None = None
    """What a job of each service uses."""
    recent_jobs: Mapping[str, Sequence[int]] | None = None
    """By service: jobs that used parts, on each day of ``recent``."""
    hindsight: Hindsight | None = None
    follows: int | None = None
    """The version that learnt what this one is made with; its own number where it learnt itself."""
    learnt_at: str | None = None
    booked_ahead: BookedAhead | None = None
    """What bookings are worth to it."""

    @property
    def kind(self) -> str | None:
        """Whether this version learnt or follows."""
        return None if self.follows is None else "learnt" if self.follows == self.version else "followed"

    def to_json(self) -> dict[str, Any]:
        facts = present({name: getattr(self, name) for name in self.__slots__})
        for name in ("trained_through", "first_day"):
            if name in facts:
                facts[name] = facts[name].isoformat()
        if self.services:
            facts["services"] = self.services.to_json()
        if self.hindsight:
            facts["hindsight"] = self.hindsight.to_json()
        if self.booked_ahead:
            facts["booked_ahead"] = self.booked_ahead.to_json()
        return facts | ({"since": asdict(self.since)} if self.since else {})

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Header:
        first_day: str | None = optional(stored, "first_day", str)
        since: dict[str, Any] | None = optional(stored, "since", dict)
        services: dict[str, Any] | None = optional(stored, "services", dict)
        booked: dict[str, Any] | None = optional(stored, "booked_ahead", dict)
        hindsight: list[Any] | None = optional(stored, "hindsight", list)
        parts = len(needed(stored, "parts", list))
        return cls(
            version=needed(stored, "version", int),
            trained_at=needed(stored, "trained_at", str),
            trained_through=date.fromisoformat(needed(stored, "trained_through", str)),
            first_day=date.fromisoformat(first_day) if first_day else None,
            time_zone=optional(stored, "time_zone", str),
            classes=optional(stored, "classes", dict),
            recipe=optional(stored, "recipe", dict),
            scores=optional(stored, "scores", dict),
            notes=optional(stored, "notes", list),
            since=Since.from_json(since) if since else None,
            services=ServiceParts.from_json(services, parts) if services else None,
            recent_jobs=optional(stored, "recent_jobs", dict),
            hindsight=Hindsight.from_json(hindsight, parts) if hindsight is not None else None,
            follows=optional(stored, "follows", int),
            learnt_at=optional(stored, "learnt_at", str),
            booked_ahead=BookedAhead.from_json(booked) if booked else None,
        )
