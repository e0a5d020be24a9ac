"""What is live, and reading and writing what the pointer vouches for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from restock.errors import ConflictError, DamagedError
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stores import ObjectStore


@dataclass(frozen=True, slots=True)
class Live:
    """The pointer as one run found it. Without one nothing is live, and its generation is 0."""

    pointer: Pointer | None
    generation: int


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_live(objects: ObjectStore) -> Live:
    """Raises DamagedError if there is a pointer that this release cannot read."""
    stored = objects.read(names.POINTER)
    return Live(Pointer.from_bytes(stored.data), stored.generation) if stored else Live(None, 0)


def read_verified(objects: ObjectStore, name: str, digest: str) -> bytes:
    """Raises DamagedError unless the object is there and is the one the pointer vouches for."""
    stored = objects.read(name)
    if stored is None:
        raise DamagedError(f"{name} is missing")
    if sha256(stored.data) != digest:
        raise DamagedError(f"{name} is not what was published: its digest differs")
    return stored.data


def write_once(objects: ObjectStore, files: Mapping[str, bytes]) -> None:
    """Write files that must not exist yet. Nothing is ever overwritten under a version (promise 4).

    A conflict may be the echo of our own write, whose answer was lost: the same bytes under the name are success. What
    somebody has taken away since is written again.
    """
    for name, data in files.items():
        try:
            objects.write(name, data, if_generation=0)
        except ConflictError:
            if (stored := objects.read(name)) is None:
                objects.write(name, data, if_generation=0)
            elif stored.data != data:
                raise DamagedError(f"{name} is not what was published: it holds other bytes") from None
