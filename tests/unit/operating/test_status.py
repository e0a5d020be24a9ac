"""The status: everything that can be read, and what to do about the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.errors import BucketMissingError, NotPermittedError, StoreUnavailableError
from restock.operating.described import described
from restock.operating.status import look
from restock.retraining.lease import acquire
from restock.stored import names
from tests.builders import appointment
from tests.unit.retraining.models import reads
from tests.unit.retraining.shop import Shop


def trained(*ids: str) -> Shop:
    shop = Shop()
    for id in ids:
        shop.complete(id)
        shop.retrain()
    return shop


def shown(shop: Shop, later: timedelta = timedelta()) -> str:
    found = look(shop.documents, shop.objects, shop.settings.retrain_threshold, reads)
    return described(found, shop.clock() + later, "the-bucket")


def test_the_status_says_where_each_promise_stands():
    shop = trained("a1")
    shop.complete("a2", "a3")

    said = shown(shop, timedelta(hours=3))

    assert "live       version 1" in said
    assert "3 hours old" in said
    assert "2 pending changes" in said
    assert f"2 of {shop.settings.retrain_threshold} completions await training" in said
    assert "lease      free" in said
    assert "version 1 published" in said


def test_the_status_says_what_the_last_runs_met():
    def out_of_luck():
        raise RuntimeError("out of luck")

    shop = trained("a1")
    shop.clock.advance(days=1)
    shop.retrain("schedule")
    shop.write("dropped", appointment())
    shop.clock.advance(days=2)
    shop.retrain(rebuild=True)
    history = names.history(shop.pointer().history)
    shop.objects.write(history, b"damaged", if_generation=shop.objects.read(history).generation)
    shop.retrain()
    shop.fit.before = out_of_luck
    shop.retrain()

    said = shown(shop)

    assert "drift 1 (promise 1)" in said
    assert "          differed: dropped\n" in said
    assert "          full read: " in said
    assert "          RuntimeError: out of luck" in said


def test_the_status_of_an_empty_project_says_so():
    shop = Shop()

    said = shown(shop)

    assert "nothing published yet" in said
    assert "none yet" in said


def test_a_lease_is_shown_with_the_day_it_ends():
    shop = trained("a1")
    acquire(shop.documents, "somebody", "schedule", shop.clock(), seconds=1900)

    said = shown(shop)

    since, until = shop.clock(), shop.clock() + timedelta(seconds=1900)
    assert f"held by run 2 (schedule) since {since:%Y-%m-%d %H:%M:%S} UTC to {until:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "it is over, the next run takes it" in shown(shop, timedelta(hours=1))


def away(problem):
    def refuse(effect):
        raise problem

    return refuse


def test_without_the_bucket_what_firestore_knows_is_still_shown():
    shop = trained("a1")
    shop.complete("a2")
    shop.objects.before = away(BucketMissingError("models/current.json: The specified bucket does not exist."))

    said = shown(shop)

    assert "live       cannot be read" in said
    assert "1 of 3 completions await training" in said
    assert "version 1 published" in said
    assert "gcloud storage ls --buckets --soft-deleted --full gs://the-bucket" in said
    assert said.count("PROBLEM") == 1


def test_without_firestore_what_the_bucket_knows_is_still_shown_and_it_is_asked_once():
    shop = trained("a1")
    asked = []

    def refuse(effect):
        asked.append(effect)
        raise NotPermittedError("restock_changes: 403")

    shop.documents.before = refuse
    said = shown(shop)

    assert "live       version 1" in said
    assert "? of 3 completions await training" in said
    assert "lease      cannot be read" in said
    assert "Who may deploy" in said
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        (names.POINTER, "gcloud storage ls --all-versions gs://the-bucket/models/current.json"),
        (names.manifest(1), "gcloud storage ls --all-versions gs://the-bucket/models/1/manifest.json"),
        (names.forecast(1), "roll back to a version that is whole"),
    ],
)
def test_an_object_that_is_cut_off_is_named_with_what_to_do_and_hides_nothing_else(name, cure):
    shop = trained("a1")
    found = shop.objects.read(name)
    shop.objects.write(name, found.data[: len(found.data) // 2], if_generation=found.generation)

    said = shown(shop)

    assert f"PROBLEM    {name}" in said
    assert cure in said
    assert "lease      free" in said


def test_documents_that_cannot_be_read_are_named_and_the_others_shown():
    shop = trained("a1", "a2")
    shop.documents.set(names.STATE, {"schema": 1, "run": "two"})
    shop.documents.set(names.run_record(2), {"run": 2})

    said = shown(shop)

    assert "PROBLEM    restock_state/retrain" in said
    assert "PROBLEM    restock_runs/2" in said
    assert "version 1 published" in said
    assert "live       version 2" in said


def test_what_lasts_is_told_once_however_much_it_hides():
    shop = trained("a1")
    shop.documents.before = away(StoreUnavailableError("restock_changes: no route"))
    shop.objects.before = away(StoreUnavailableError("models/current.json: no route"))

    said = shown(shop)

    assert said.count("try again") == 1
    assert said.count("PROBLEM") == 2
