"""A release reads what the one before it left: documents, history, pointer, manifest, forecast (tests/fixtures)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from restock.history.history import History
from restock.stored import change, names
from restock.stored import pointer as pointers
from restock.stored.artifact import ForecastArtifact
from restock.stored.change import Change
from restock.stored.manifest import Manifest
from restock.stored.pointer import Pointer
from restock.stored.published import read_verified
from tests.builders import NOON, appointment, part
from tests.fixtures.record import from_text
from tests.unit.retraining.shop import Shop

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("schema-*"))
NEW = "new-2"


@pytest.fixture(params=FIXTURES, ids=lambda folder: folder.name)
def shop(request: pytest.FixtureRequest) -> Shop:
    """The shop as an older release left it."""
    shop = Shop()
    shop.clock.now = NOON.replace(day=3)
    documents = json.loads((request.param / "documents.json").read_text(encoding="utf-8"), object_hook=from_text)
    for path, fields in documents.items():
        shop.documents.set(path, fields)
    bucket = request.param / "bucket"
    for path in sorted(path for path in bucket.rglob("*") if path.is_file()):
        shop.objects.write(path.relative_to(bucket).as_posix(), path.read_bytes(), if_generation=0)
    return shop


def test_there_is_a_fixture_of_every_schema_that_is_read():
    recorded = {int(folder.name.removeprefix("schema-")) for folder in FIXTURES}

    assert recorded >= set(pointers.READABLE_SCHEMAS)
    assert recorded >= set(change.READABLE_SCHEMAS)


def test_everything_stored_can_be_read(shop):
    pointer = shop.pointer()
    history = History.from_bytes(read_verified(shop.objects, names.history(pointer.history), pointer.history_sha256))
    forecast = ForecastArtifact.from_bytes(
        read_verified(shop.objects, names.forecast(pointer.version), pointer.forecast_sha256)
    )
    manifest = Manifest.from_bytes(
        read_verified(shop.objects, names.manifest(pointer.version), pointer.manifest_sha256)
    )
    stored = {path: shop.documents.get(path) for path in shop.documents.stored(names.CHANGES)}
    read = [Change.from_fields(found.id, found.fields) for found in stored.values()]

    assert len(history) > 0
    assert "Oil Filter" in {part.name for part in forecast.parts}
    assert float(forecast.mean(date(2026, 3, 3), 7).sum()) > 0
    assert manifest.recipe
    assert any(change.is_awaiting for change in read)
    assert any(not change.is_pending for change in read)


def test_the_loop_goes_on_where_the_other_release_stopped(shop):
    used = shop.used()
    pending = shop.pending()

    outcome = shop.retrain("schedule")

    assert outcome.status == "published"
    assert outcome.version == 3
    assert NEW in pending
    assert shop.pending() == []
    assert {"old-00", "old-02"}.isdisjoint(shop.used())
    assert shop.used()["old-01"] == 1.0
    assert set(shop.used()) == (set(used) | {NEW}) - {"old-00", "old-02"}


def test_no_completion_is_lost_or_counted_twice_over_the_upgrade(shop):
    """Those the other release counted await their training, and count with those of this one."""
    waiting = [path for path, change in shop.documents.stored(names.CHANGES).items() if change["awaiting"]]
    shop.complete("new-3", service="Oil\nChange", parts=[part("Oil Filter", 4)])
    assert len(waiting) == 1
    assert shop.retrain("threshold").status == "below_threshold"
    shop.complete("new-4")

    outcome = shop.retrain("threshold")

    assert outcome.status == "published"
    assert (shop.used()[NEW], shop.used()["new-3"]) == (1.0, 4.0)
    assert shop.retrain("threshold").status == "below_threshold"
    services = {row["appointment"]: row["service"] for row in shop.history().rows.to_pylist()}
    assert (services["new-3"], services[NEW], services["old-05"]) == ("oil change", "service", "service")
    assert "drift" not in shop.record(4)


def test_a_change_of_the_other_release_is_merged_with_a_new_delivery(shop):
    shop.happen("old-01", appointment("cancelled"))

    found = shop.documents.get("restock_changes/old-01").fields
    assert found["usage"] == []
    assert found["trained_time"] < found["source_time"]


def test_the_pointer_of_the_other_release_can_be_rolled_back(shop):
    from restock.__main__ import reads
    from restock.operating import verbs

    verbs.roll_back(shop.objects, 1, shop.clock(), reads)

    assert isinstance(shop.pointer(), Pointer)
    assert (shop.pointer().version, shop.pointer().history) == (1, 2)
