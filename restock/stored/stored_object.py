"""What an object store hands out; a module of its own, so that the forecast starts without the other stores' shapes."""

from __future__ import annotations

from typing import NamedTuple


class StoredObject(NamedTuple):
    """The bytes of an object, and the generation they are."""

    data: bytes
    generation: int
