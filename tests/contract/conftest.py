"""The forecast door as the app meets it: the real main.py behind the real framework, models from a shelf."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from functions_framework import create_app

from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.artifact import Part
from tests.fakes import FakeOrders
from tests.published import PublishedShelf, ShelfServer, artifact

MAIN = Path(__file__).resolve().parents[2] / "functions/forecast/main.py"


@pytest.fixture
def shelf() -> PublishedShelf:
    return PublishedShelf()


@pytest.fixture
def orders() -> FakeOrders:
    """The orders' documents that the door reads and writes."""
    return FakeOrders()


@pytest.fixture
def forecast_door(
    shelf: PublishedShelf, orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., FlaskClient]]:
    """Starts the door with settings of the test's own: ``forecast_door(FORECAST_AUTH="public")``."""
    server = ShelfServer(shelf)
    live = []
    monkeypatch.setattr("restock.gcp.order_documents.OrderDocuments", lambda project: orders)

    def start(**settings: str) -> FlaskClient:
        environment = {
            "GOOGLE_CLOUD_PROJECT": "demo-shop",
            "RESTOCK_BUCKET": "models",
            "SHOP_TIME_ZONE": "Europe/London",
            "STORAGE_EMULATOR_HOST": server.url,
            "FORECAST_AUTH": "public",
            "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
            "RELOAD_SECONDS": "0.1",
            "STALE_SECONDS": "0.1",
            "RELOAD_WAIT_MS": "5000",
        }
        for name, value in (environment | settings).items():
            monkeypatch.setenv(name, value)
        client = create_app("forecast", str(MAIN)).test_client()
        live.append(sys.modules["main"].LIVE)
        return client

    yield start
    for model in live:
        model.stop()
    server.stop()
    sys.modules.pop("main", None)


@pytest.fixture
def published():
    parts = [
        (Part("oil-1", "Oil Filter", category="Filters"), 1.3),
        (Part("belt", "Belt"), 0.25),
        (Part("gone", "Gone", active=False), 2.0),
    ]
    return artifact(parts, version=4)


@pytest.fixture
def catalogue(monkeypatch):
    """The ``spare_parts`` collection as Firestore gives it out."""
    parts = {"oil-1": {"stock": 5}, "belt": {"stock": 100, "leadTimeDays": 3, "onOrder": 2, "minOrderQuantity": 6}}
    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(parts.items()))
    return parts


@pytest.fixture(autouse=True)
def booked(monkeypatch):
    """The bookings that Firestore's ``appointments`` hold, by id; each query finds them all."""
    found = {}
    monkeypatch.setattr(FirestoreReader, "between", lambda self, *query: list(found.items()))
    return found


@pytest.fixture
def client(forecast_door, shelf, published, catalogue):
    shelf.publish(artifact({"belt": 1.0, "Seal": 0.5}, version=3))
    shelf.publish(published)
    return forecast_door(STOCK_CACHE_SECONDS="0", ORDERS="callers")
