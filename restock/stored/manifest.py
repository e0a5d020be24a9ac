"""``models/<version>/manifest.json``: what a version was made of, by what, and how good it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from restock.stored.fields import check_schema, decoding, needed, optional, present

SCHEMA = 1
READABLE_SCHEMAS = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a version was trained on."""

    first_day: str | None = None
    last_day: str | None = None
    parts: int | None = None
    active_parts: int | None = None
    """Those of them that the catalogue has."""
    units: float | None = None

    def to_json(self) -> dict[str, Any]:
        return present({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Window:
        units = stored.get("units")
        return cls(
            first_day=optional(stored, "first_day", str),
            last_day=optional(stored, "last_day", str),
            parts=optional(stored, "parts", int),
            active_parts=optional(stored, "active_parts", int),
            units=None if units is None else float(units),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """SHA-256 of the files beside the manifest."""

    forecast: str
    estimators: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    version: int
    trained_at: str
    rules: str
    window: Window
    recipe: Mapping[str, Any]
    """The methods' own; the next training lets it compete."""
    scores: Mapping[str, Any]
    digests: Digests
    libraries: Mapping[str, str]
    revision: str = ""
    learnt: int | None = None
    """What it follows: the run that learnt it, which is its own where it learnt itself. Older releases did not say."""
    learnt_sha256: str | None = None
    learnt_at: str | None = None

    def to_bytes(self) -> bytes:
        stored = {
            "schema": SCHEMA,
            "version": self.version,
            "trained_at": self.trained_at,
            "rules": self.rules,
            "window": self.window.to_json(),
            "recipe": dict(self.recipe),
            "scores": dict(self.scores),
            "digests": {"forecast": self.digests.forecast, "model.joblib": self.digests.estimators},
            "libraries": dict(self.libraries),
            "revision": self.revision,
            "learnt": self.learnt,
            "learnt_sha256": self.learnt_sha256,
            "learnt_at": self.learnt_at,
        }
        return json.dumps(stored, indent=1, default=str).encode()

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "manifest.json") -> Manifest:
        """Raises DamagedError, naming the object, for anything but a whole manifest of a readable layout."""
        with decoding(name):
            stored: dict[str, Any] = json.loads(data)
            check_schema(stored, READABLE_SCHEMAS)
            digests: dict[str, Any] = needed(stored, "digests", dict)
            return cls(
                version=needed(stored, "version", int),
                trained_at=needed(stored, "trained_at", str),
                rules=needed(stored, "rules", str),
                window=Window.from_json(needed(stored, "window", dict)),
                recipe=needed(stored, "recipe", dict),
                scores=needed(stored, "scores", dict),
                digests=Digests(
                    forecast=needed(digests, "forecast", str), estimators=needed(digests, "model.joblib", str)
                ),
                libraries=needed(stored, "libraries", dict),
                revision=optional(stored, "revision", str) or "",
                learnt=optional(stored, "learnt", int),
                learnt_sha256=optional(stored, "learnt_sha256", str),
                learnt_at=optional(stored, "learnt_at", str),
            )
