"""Firestore trigger events, decoded without the Firestore client.

The body is a DocumentEventData message: raw in production and from the Firebase emulator, base64 text straight from the
Firestore emulator.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any

from google.events.cloud.firestore_v1.types.data import DocumentEventData
from google.protobuf.message import DecodeError

from restock.counting.appointments import FIELDS_READ
from restock.counting.count import AppointmentWritten, Version
from restock.errors import BadEventError
from restock.gcp.values import moment, plain
from restock.stored import names

_MESSAGE = DocumentEventData.pb(DocumentEventData()).__class__
_FIRST_BYTES = b"\x0a\x12\x1a"
"""A message begins with the tag of one of its three fields; none of these is a base64 character."""

_PATH = re.compile(rf"(?:shops/(?P<shop>[^/]+)/)?{names.APPOINTMENTS}/(?P<appointment>[^/]+)").fullmatch

_SERVER_YEARS = range(2000, 9000)
"""Outside, a step into another time zone could leave the calendar."""


def decode(data: Any, time: Any = None) -> AppointmentWritten:
    """The appointment before and after, with the fields counting reads; raises BadEventError if it is no such event.

    ``time`` is the CloudEvent's attribute of that name, an RFC 3339 text.
    """
    message = _parse(data)
    before = message.old_value if message.HasField("old_value") else None
    after = message.value if message.HasField("value") else None
    named = after or before
    if named is None:
        raise BadEventError("the event holds no document, neither before nor after")
    shop, appointment = _whose(named.name)
    return AppointmentWritten(appointment, _version(before), _version(after), _time(time), shop)


def _parse(data: Any) -> Any:
    if not isinstance(data, (bytes, bytearray, str)) or not data:
        raise BadEventError(f"the event's data is {type(data).__name__}, not DocumentEventData")
    try:
        if isinstance(data, str):
            data = data.encode()
        if data[0] not in _FIRST_BYTES:
            data = base64.b64decode(data, validate=True)
        return _MESSAGE.FromString(bytes(data))
    except (ValueError, DecodeError) as exc:
        raise BadEventError(f"the event's data is not DocumentEventData: {exc}") from exc


def _whose(name: str) -> tuple[str, str]:
    """The shop, if any, and the appointment in projects/P/databases/D/documents/[shops/SHOP/]appointments/ID."""
    found = _PATH(name.partition("/documents/")[2])
    if found is None:
        raise BadEventError(f"the event is about {name!r}, not an appointment; check the trigger's path pattern")
    return found["shop"] or "", found["appointment"]


def _version(document: Any) -> Version | None:
    if document is None:
        return None
    if not document.HasField("update_time"):
        raise BadEventError(f"{document.name}: the event's document has no update_time")
    fields = {name: plain(document.fields[name]) for name in FIELDS_READ if name in document.fields}
    return Version(fields, _update_time(document))


def _update_time(document: Any) -> datetime:
    try:
        written_at = moment(document.update_time)
    except OverflowError as exc:
        raise BadEventError("the event holds a time outside the calendar") from exc
    if written_at.year not in _SERVER_YEARS:
        raise BadEventError(f"{document.name}: no server wrote it at {written_at}")
    return written_at


def _time(time: Any) -> datetime | None:
    try:
        written_at = datetime.fromisoformat(time)
    except (TypeError, ValueError):
        return None
    return written_at if written_at.tzinfo and written_at.year in _SERVER_YEARS else None
