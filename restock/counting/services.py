"""The service a job was booked as: the app stores each of its names in two spellings, with and without a line break."""

from __future__ import annotations

from typing import Any

from restock.written import fold

LONGEST_SERVICE = 200  # characters, as written


def read_service(value: Any) -> tuple[str, str]:
    """A service as it is compared, and why it could not be read; without one both are empty.

    >>> read_service("Brake\\n Service "), read_service(None), read_service(["Brake Service"])
    (('brake service', ''), ('', ''), ('', 'is not a text'))
    """
    if value is None:
        return "", ""
    if not isinstance(value, str):
        return "", "is not a text"
    if len(value) > LONGEST_SERVICE:
        return "", f"is longer than {LONGEST_SERVICE} characters"
    return fold(" ".join(value.split())), ""
