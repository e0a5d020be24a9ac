"""The same description as OpenAPI 3.0.3, for generators that read 3.1 wrongly.

From 3.1 the Dart generator makes required fields nullable; from this it makes them what they are. And the address ".",
which is right by both standards wherever this function stands, becomes "http://." in every generated client: so this
rendition names the address that it was asked under.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from restock.serving.http import Request

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def as_3_0(description: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """A 3.1 document of ours, said in the words of 3.0.3."""
    return {**_said(description), "openapi": "3.0.3", "servers": [{"url": address_of(request)}]}


def address_of(request: Request) -> str:
    """What stands before this API's own addresses, as the caller wrote it; "." if it wrote nothing readable."""
    host = request.header("Host")
    scheme = "https" if request.header("X-Forwarded-Proto") == "https" else "http"
    before = request.path.rstrip("/").rpartition("/")[0]
    return f"{scheme}://{host}{before}" if _HOST.fullmatch(host) else "."


def _said(value: Any) -> Any:
    if isinstance(value, list):
        return [_said(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    said = {name: _said(entry) for name, entry in value.items()}
    if isinstance(said.get("examples"), list):
        examples = said.pop("examples")
        if examples and examples[0] is not None:
            said["example"] = examples[0]
    if isinstance(said.get("exclusiveMinimum"), (int, float)) and not isinstance(said["exclusiveMinimum"], bool):
        said |= {"minimum": said["exclusiveMinimum"], "exclusiveMinimum": True}
    if isinstance(said.get("anyOf"), list):
        said = _nullable(said)
    if "$ref" in said and len(said) > 1:  # beside a reference 3.0 reads nothing
        said = {"allOf": [{"$ref": said.pop("$ref")}], **said}
    return said


def _nullable(said: dict[str, Any]) -> dict[str, Any]:
    """
    >>> _nullable({"anyOf": [{"type": "string"}, {"type": "null"}], "description": "x"})
    {'type': 'string', 'description': 'x', 'nullable': True}
    """
    kinds = [kind for kind in said["anyOf"] if kind != {"type": "null"}]
    if len(kinds) == len(said["anyOf"]):
        return said
    rest = {name: value for name, value in said.items() if name != "anyOf"}
    return {**kinds[0], **rest, "nullable": True}
