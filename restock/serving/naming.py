"""Gives every record of the description a place and a name of its own, and every field its words and an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restock.serving.glossary import GLOSSARY


class Components:
    """The named schemas, gathered while the description is put together."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}

    def placed(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema with a reference wherever a record stood; what it is called stands in its title."""
        placed = dict(schema)
        if "properties" in placed:
            placed["properties"] = {name: self._field(name, one) for name, one in placed["properties"].items()}
        for inner in ("items", "additionalProperties"):
            if isinstance(placed.get(inner), dict):
                placed[inner] = self.placed(placed[inner])
        if "anyOf" in placed:
            placed["anyOf"] = [self.placed(one) for one in placed["anyOf"]]
        title = placed.pop("title", None)
        if title is None:
            return placed
        beside: dict[str, Any] = {word: placed.pop(word) for word in ("description", "examples") if word in placed}
        self.schemas[title] = placed
        return {"$ref": f"#/components/schemas/{title}", **beside}

    def _field(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        described = self.placed(schema)
        words, example = GLOSSARY.get(name, ("", None))
        if words:
            described.setdefault("description", words)
        if "enum" in described:
            described.setdefault("examples", described["enum"][:1])
        if not _refers(described):
            described.setdefault("examples", [example])
        return described


def _refers(schema: Mapping[str, Any]) -> bool:
    """A record's examples are those of its fields."""
    kinds = [schema, schema.get("items", {}), schema.get("additionalProperties", {}), *schema.get("anyOf", [])]
    return any(isinstance(kind, dict) and "$ref" in kind for kind in kinds)
