"""The pointer: the one object that says which model and which history are live.

Its conditional write commits both together. Its generation, given by Cloud Storage, is what serving watches.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from restock.errors import DamagedError

NAME = "models/current.json"
SCHEMA = 1
READABLE_SCHEMAS = (1,)


def forecast_name(version: int) -> str:
    return f"models/{version}/forecast"


def estimators_name(version: int) -> str:
    return f"models/{version}/model.joblib"


def manifest_name(version: int) -> str:
    return f"models/{version}/manifest.json"


def history_name(version: int) -> str:
    return f"history/{version}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    version: int
    """The live model."""
    history: int
    """The live history: the version whose run wrote it."""
    run: int
    """The run that published last; a rollback or pin leaves it."""
    pinned: bool = False
    forecast_sha256: str
    manifest_sha256: str
    history_sha256: str
    published_by: str
    published_at: str
    trained_at: str
    rules: str
    schema: int = SCHEMA

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Pointer:
        """Raises DamagedError if this is no pointer, or one of a layout this release does not read."""
        try:
            stored: dict[str, Any] = json.loads(data)
            if stored["schema"] not in READABLE_SCHEMAS:
                raise DamagedError(f"{NAME}: schema {stored['schema']!r} is not among {READABLE_SCHEMAS}")
            return cls(**{field.name: stored[field.name] for field in fields(cls)})
        except (ValueError, KeyError, TypeError) as exc:
            raise DamagedError(f"{NAME}: {exc!r}") from exc
