"""The body of a Firestore trigger's event, as the platform would write it: for tests and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.cloud.firestore_v1._helpers import encode_dict
from google.events.cloud.firestore_v1.types.data import Document, DocumentEventData

Written = tuple[Mapping[str, Any], datetime]
"""The fields of one version and its update time."""


def document_event(project: str, path: str, before: Written | None, after: Written | None) -> bytes:
    """DocumentEventData, serialized; before None: created, after None: deleted."""
    message = DocumentEventData()
    name = f"projects/{project}/databases/(default)/documents/{path}"
    for document, version in ((message._pb.old_value, before), (message._pb.value, after)):
        if version is not None:
            _fill(document, name, *version)
    return bytes(message._pb.SerializeToString())


def _fill(document: Document, name: str, fields: Mapping[str, Any], at: datetime) -> None:
    document.name = name
    document.update_time.FromDatetime(at.astimezone(UTC).replace(tzinfo=None))
    document.create_time.CopyFrom(document.update_time)
    for field, value in encode_dict(dict(fields)).items():
        document.fields[field].ParseFromString(value._pb.SerializeToString())
