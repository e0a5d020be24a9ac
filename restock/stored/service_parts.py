"""What a job of each service uses: learnt by every run, kept in the head of the artifact, small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from restock.stored.fields import needed, number


class PartUse(NamedTuple):
    """How a job uses one part: how likely, and how many units then."""

    row: int
    """The part's place in the artifact."""
    chance: float
    units: tuple[tuple[float, float], ...]
    """Each quantity with its share of the jobs that use the part."""

    @property
    def mean(self) -> float:
        """Expected units of one job."""
        return self.chance * sum(units * share for units, share in self.units)


@dataclass(frozen=True, slots=True)
class ServiceParts:
    """Of any job, and of the jobs of each service that has enough of them to be told apart."""

    any_job: Sequence[PartUse] = ()
    services: Mapping[str, Sequence[PartUse]] | None = None

    def of(self, service: str) -> Sequence[PartUse]:
        """A service never seen is taken for any job."""
        return (self.services or {}).get(service, self.any_job)

    def knows(self, service: str) -> bool:
        return service in (self.services or {})

    def to_json(self) -> dict[str, Any]:
        return {
            "any_job": [_stored(use) for use in self.any_job],
            "services": {service: [_stored(use) for use in uses] for service, uses in (self.services or {}).items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], parts: int) -> ServiceParts:
        """Raises ValueError or its like for what does not fit an artifact of so many parts."""
        services: dict[str, Any] = needed(stored, "services", dict)
        return cls(
            [_use(use, parts) for use in needed(stored, "any_job", list)],
            {service: [_use(use, parts) for use in uses] for service, uses in services.items()},
        )


def _stored(use: PartUse) -> dict[str, Any]:
    units = [[float(f"{units:.6g}"), round(share, 4)] for units, share in use.units]  # however few, never none
    return {"row": use.row, "chance": round(use.chance, 5), "units": units}


def _use(stored: Mapping[str, Any], parts: int) -> PartUse:
    row, chance = needed(stored, "row", int), number(stored, "chance")
    units = tuple((float(units), float(share)) for units, share in needed(stored, "units", list))
    if (
        not 0 <= row < parts
        or not 0 <= chance <= 1
        or not units
        or any(one <= 0 or not 0 <= s <= 1 for one, s in units)
    ):
        raise ValueError("what a service uses does not fit the parts")
    return PartUse(row, chance, units)
