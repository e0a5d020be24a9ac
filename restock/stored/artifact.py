"""The forecast artifact: what training hands to serving, declared once.

Layout of its bytes: the magic word, the length of a JSON header, the header, then the arrays it lists, little-endian
and back to back. Nothing in it executes (promise 7); equal forecasts are equal bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.errors import DamagedError
from restock.stored.distribution import ARRAYS, FIRST, HORIZONS, LEVELS, DemandDistribution, Floats
from restock.stored.header import Header
from restock.stored.near_days import NearDays

SCHEMA = 2
READABLE_SCHEMAS = (1, 2)
"""Layout 1 had no chances of the first counts; they are read from its quantiles."""
RECENT_DAYS = 90
_MAGIC = b"RESTOCK\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its catalogue id (or folded name), the name shown, whether the catalogue still lists it.

    ``documents`` are the other catalogue ids whose use and stock are this part's: documents of the same name, and
    what it supersedes. Those ids may have parts of their own, for their names, of which nothing is expected.
    """

    key: str
    name: str
    active: bool = True
    category: str = ""
    documents: tuple[str, ...] = ()
    last_used: str | None = None
    """The day, if it ever was used."""
    unseen_days: int = 0
    """Of the last 90, those without stock: they were no evidence."""


def listed_rows(parts: Sequence[Part]) -> list[int]:
    """The rows that the catalogue lists, each once: neither what is gone nor what is another part's document."""
    owner = {id: row for row, part in enumerate(parts) for id in part.documents}
    return [row for row, part in enumerate(parts) if part.active and owner.get(part.key, row) == row]


@dataclass(frozen=True, eq=False)
class ForecastArtifact:
    """One version's forecasts. ``parts`` are ordered by name, and every array has one row per part in that order."""

    header: Header
    parts: tuple[Part, ...]
    distribution: DemandDistribution
    recent: NDArray[np.float32]  # [parts, 90] the last days of actual demand, 0 before the history begins

    @property
    def recent_start(self) -> date:
        """The day of the first column of ``recent``."""
        return self.header.trained_through - timedelta(RECENT_DAYS - 1)

    def mean(self, start: date, days: int) -> Floats:
        """Mean demand [parts, days]."""
        return self.distribution.mean(start, days)

    def quantiles(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles [parts, levels] of the demand summed over the days."""
        return self.distribution.quantiles(start, days, levels)

    def quantile_paths(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles [parts, levels, days] of the demand summed from the start to each day."""
        return self.distribution.quantile_paths(start, days, levels)

    def chance_above(self, start: date, days: int, stock: Any) -> Floats:
        """The probability [parts] that the demand summed over the days exceeds the stock."""
        return self.distribution.chance_above(start, days, stock)

    def to_bytes(self) -> bytes:
        """The artifact as stored; the same forecasts give the same bytes."""
        arrays = {
            **{name: getattr(self.distribution, name) for name in ARRAYS},
            "recent": self.recent,
        }
        about = {
            **self.header.to_json(),
            "schema": SCHEMA,
            "levels": LEVELS.tolist(),
            "horizons": HORIZONS.tolist(),
            "closed_days": sorted(day.isoformat() for day in self.distribution.closed_days),
            "parts": [_stored(part) for part in self.parts],
            **({"near_days": self.distribution.near.to_json()} if self.distribution.near else {}),
            "arrays": {name: list(array.shape) for name, array in arrays.items()},
        }
        text = json.dumps(about, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
        body = b"".join(np.ascontiguousarray(array, "<f4").tobytes() for array in arrays.values())
        return _MAGIC + len(text).to_bytes(8, "little") + text + body

    @classmethod
    def from_bytes(cls, data: bytes) -> ForecastArtifact:
        """Read an artifact; raise DamagedError for anything that is not whole and sound."""
        try:
            return cls._read(data)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as exc:
            raise DamagedError(f"this is not a forecast artifact of schema {SCHEMA}: {exc}") from exc

    @classmethod
    def _read(cls, data: bytes) -> ForecastArtifact:
        begin = len(_MAGIC) + 8
        if data[: len(_MAGIC)] != _MAGIC:
            raise ValueError("it begins with other bytes")
        end = begin + int.from_bytes(data[len(_MAGIC) : begin], "little")
        about = json.loads(data[begin:end])
        if about["schema"] not in READABLE_SCHEMAS:
            raise ValueError(f"its schema is {about['schema']}")
        if about["levels"] != LEVELS.tolist() or about["horizons"] != HORIZONS.tolist():
            raise ValueError("its quantile table has other levels or horizons")
        parts = tuple(Part(**part | {"documents": tuple(part.get("documents", ()))}) for part in about["parts"])
        closed_days = frozenset(date.fromisoformat(day) for day in about["closed_days"])
        shapes = _shapes(len(parts), about["schema"])
        if {name: tuple(shape) for name, shape in about["arrays"].items()} != shapes:
            raise ValueError("its arrays do not fit its parts")
        arrays = {}
        for name, shape in shapes.items():
            arrays[name] = np.frombuffer(data, "<f4", math.prod(shape), end).reshape(shape)
            end += arrays[name].nbytes
            if not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} is not finite")
        if end != len(data):
            raise ValueError("it has another length than its header says")
        negative = [name for name in ("rate", "weekday", "first") if name in arrays and (arrays[name] < 0).any()]
        if negative or (arrays["unit"] <= 0).any():
            raise ValueError("a rate, a weekday factor, a unit or the -log of a chance is negative")
        recent = arrays.pop("recent")
        near = NearDays.from_json(about["near_days"], len(parts)) if "near_days" in about else None
        distribution = DemandDistribution(**arrays, closed_days=closed_days, near=near)
        return cls(Header.from_json(about), parts, distribution, recent)


def _shapes(parts: int, schema: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "rate": (parts,),
        "weekday": (parts, 7),
        "unit": (parts,),
        "table": (parts, len(HORIZONS), len(LEVELS)),
        "first": (parts, len(HORIZONS), FIRST),
        "recent": (parts, RECENT_DAYS),
    }
    return {name: shape for name, shape in shapes.items() if name != "first" or schema > 1}


def _stored(part: Part) -> dict[str, Any]:
    """Without what most parts lack: there may be thousands."""
    return {name: value for name, value in asdict(part).items() if value not in (None, (), 0) or name == "active"}
