"""A day as the app, its exports and other programs write it: texts, Timestamps, and what became of Timestamps.

Only forms that can mean one day. dd/mm/yyyy and mm/dd/yyyy cannot be told apart, so neither is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

LONGEST = 80

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})"
_TIME = r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:[.,][0-9]{1,9})?)?)?"
_ZONE = r"(?:(Z|UTC|GMT)?(?:([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?)(?:\s*\[[\w/+-]{1,40}\])?"
_TEXT_DAY = re.compile(_DAY)
_TEXT_MOMENT = re.compile(rf"{_DAY}(?:T|\s{{1,3}}){_TIME}\s{{0,3}}{_ZONE}", re.ASCII | re.IGNORECASE)
_DART_TIMESTAMP = re.compile(r"Timestamp\(seconds=(-?[0-9]{1,12}), nanoseconds=[0-9]{1,9}\)")
_COMPACT = re.compile(r"[12][0-9]{11}(?:[0-9]{2})?")
"""A day with its time; as milliseconds twelve digits would lie before 2002, and fourteen are no unit of time."""
_WHOLE = re.compile(r"-?[0-9]{1,19}")

_SECONDS = ("_seconds", "seconds")
_WRAPPERS = ("value", "__time__", "$date", "$numberLong", "timestampValue", "iso")
"""Where exports of a database keep the moment in a map of their own."""


class WrittenDay(NamedTuple):
    day: date
    is_local: bool = False
    """It was a text without a zone: the shop's own day."""


def read_day(value: Any, zone: ZoneInfo) -> WrittenDay | None:
    """The day in the shop's zone; None for what is no date, or could be two.

    >>> read_day("2025-11-25T20:10:00 +00:00", ZoneInfo("Asia/Bangkok"))
    WrittenDay(day=datetime.date(2025, 11, 26), is_local=False)
    """
    try:
        if isinstance(value, str):
            return _of_text(value.strip(), zone) if len(value) <= LONGEST else None
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return _of_text(str(value), zone)
        if isinstance(value, Mapping):
            return _of_map(value, zone)
        moment = value if isinstance(value, datetime) else _since_epoch(value) if isinstance(value, float) else None
        return None if moment is None else _at(moment, zone)
    except (ValueError, OverflowError):  # no such day, or the zone's shift leaves the calendar
        return None


def _at(moment: datetime, zone: ZoneInfo) -> WrittenDay:
    return WrittenDay(moment.date() if moment.tzinfo is None else moment.astimezone(zone).date())


def _of_text(text: str, zone: ZoneInfo) -> WrittenDay | None:
    if found := _TEXT_DAY.fullmatch(text):
        return WrittenDay(date(int(found[1]), int(found[3]), int(found[4])), is_local=True)
    if _COMPACT.fullmatch(text):
        text = f"{text[:8]}T{text[8:]}"
    if found := _TEXT_MOMENT.fullmatch(text):
        year, month, day, hour, minute, second = (int(found[group] or 0) for group in (1, 3, 4, 5, 6, 7))
        moment = datetime(year, month, day, hour, minute, second)
        offset = _offset_of(*found.group(8, 9, 10, 11))
        return WrittenDay(moment.date(), is_local=True) if offset is None else _at(moment.replace(tzinfo=offset), zone)
    if found := _DART_TIMESTAMP.fullmatch(text):
        return _at(_EPOCH + timedelta(seconds=int(found[1])), zone)
    if _WHOLE.fullmatch(text) and (since := _since_epoch(int(text))):
        return _at(since, zone)
    return None


def _of_map(value: Mapping[str, Any], zone: ZoneInfo) -> WrittenDay | None:
    """A Timestamp as an export leaves it."""
    for name in _SECONDS:
        seconds = value.get(name)
        if isinstance(seconds, str) and len(seconds) <= 12 and _WHOLE.fullmatch(seconds):
            seconds = int(seconds)
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
            return _at(_EPOCH + timedelta(seconds=seconds), zone)
    wrapped = next((value[name] for name in _WRAPPERS if name in value), None)
    return None if wrapped is None else read_day(wrapped, zone)


def _offset_of(word: str | None, sign: str | None, hours: str | None, minutes: str | None) -> timezone | None:
    """The zone of a moment's text; None if it names none, a ValueError if it is none there is."""
    if not word and not sign:
        return None
    if int(minutes or 0) > 59:
        raise ValueError("no offset has so many minutes")
    shift = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-shift if sign == "-" else shift)


def _since_epoch(count: float) -> datetime | None:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970: no two of them name days of one century."""
    for unit, low in ((timedelta(seconds=1), 10**8), (timedelta(milliseconds=1), 10**11)):
        if low <= count < 100 * low:
            return _EPOCH + unit * count
    if 10**14 <= count < 10**16:
        return _EPOCH + timedelta(microseconds=int(count))
    if 10**17 <= count < 10**19:
        return _EPOCH + timedelta(microseconds=int(count) // 1000)
    return None
