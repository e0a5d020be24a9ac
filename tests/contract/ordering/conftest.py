"""A door whose callers may order, over a shop of two parts."""

from __future__ import annotations

import pytest

from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.artifact import Part
from tests.published import artifact


@pytest.fixture
def catalogue(monkeypatch):
    """The ``spare_parts`` collection as Firestore gives it out."""
    parts = {"oil-1": {"name": "Oil Filter", "stock": 3}, "belt": {"name": "Belt", "stock": 0}}
    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(parts.items()))
    return parts


@pytest.fixture
def client(forecast_door, shelf, catalogue):
    shelf.publish(artifact([(Part("oil-1", "Oil Filter"), 1.3), (Part("belt", "Belt"), 0.25)]))
    return forecast_door(ORDERS="callers", STOCK_CACHE_SECONDS="0")
