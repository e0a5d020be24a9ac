"""The kinds of values a setting takes: each reads a text, or raises ValueError with the remedy.

The messages follow the variable and its value: ``RELOAD_SECONDS='1_0' is not a number; write one from 0.1 to 3600``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from restock import written

_QUEUE = re.compile(r"projects/[^/\s]{1,100}/locations/[a-z0-9-]{1,63}/queues/[A-Za-z0-9-]{1,100}")
_ACCOUNT = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


def text(value: str) -> str:
    return value


def time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except Exception as exc:
        raise ValueError("is not a time zone; write one like Europe/London") from exc
    return value


def names(value: str) -> frozenset[str]:
    found = frozenset(written.fold(word) for word in value.split(",") if word.strip())
    if not found:
        raise ValueError("names nothing; write one or more words separated by commas")
    return found


def origins(value: str) -> tuple[str, ...]:
    found = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
    if not found:
        raise ValueError("names no origin; write * or origins like https://shop.example separated by commas")
    return found


def days_list(value: str) -> frozenset[date]:
    return frozenset(written.day(part.strip()) for part in value.split(",") if part.strip())


def flag(value: str) -> bool:
    if value.strip().lower() not in {"true", "false"}:
        raise ValueError("is neither true nor false")
    return value.strip().lower() == "true"


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return value

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    return written.ranged(written.whole, low, high)


def number(low: float, high: float) -> Callable[[str], float]:
    return written.ranged(written.number, low, high)


def address(value: str) -> str:
    """
    >>> address("retrain.example")
    Traceback (most recent call last):
    ValueError: is not an address; write one like https://retrain.example
    """
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # no such port, or half an IPv6 address
        is_address = False
    if not is_address or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("is not an address; write one like https://retrain.example")
    return value


def account(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        raise ValueError("is not an account; write its e-mail address")
    return value


def queue(value: str) -> str:
    if not _QUEUE.fullmatch(value):
        raise ValueError("is not a queue; write projects/P/locations/L/queues/Q")
    return value


def host_and_port(value: str) -> str:
    """
    >>> host_and_port("http://127.0.0.1:8123")
    Traceback (most recent call last):
    ValueError: is not host:port; write one like 127.0.0.1:8123
    """
    if not _HOST_AND_PORT.fullmatch(value) or not 0 < int(value.rsplit(":", 1)[1]) < 65_536:
        raise ValueError("is not host:port; write one like 127.0.0.1:8123")
    return value
