"""An older pointer, bucket or database put back is noticed by the next run and repaired; another's is left alone."""

from __future__ import annotations

import copy

import pytest

from restock.operating import verbs
from restock.retraining.run import retrain
from restock.stored import names
from restock.stored.retrain_request import RetrainRequest
from tests.unit.retraining.models import ABSURD, reads
from tests.unit.retraining.shop import Shop

ALL = {"a1": 1.0, "b1": 1.0, "b2": 1.0, "c1": 1.0}


@pytest.fixture
def shop():
    """Three versions, the first of which is kept to be put back."""
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.older = shop.bucket_as_now()
    shop.older_database = copy.deepcopy(shop.documents._documents)
    shop.complete("b1", "b2")
    shop.retrain()
    shop.complete("c1")
    shop.retrain()
    assert shop.used() == ALL
    assert shop.errors() == []
    return shop


@pytest.mark.parametrize("reason", ["schedule", "threshold", "manual"])
@pytest.mark.parametrize("what", ["pointer", "bucket"])
def test_promise_1_an_older_pointer_or_bucket_is_noticed_and_repaired_by_any_run(shop, what, reason):
    if what == "bucket":
        for name in list(shop.objects.stored()):
            shop.objects.delete(name)
    shop.put_back(shop.older, names_only=[names.POINTER] if what == "pointer" else None)

    assert shop.retrain(reason).status == "published"

    assert shop.used() == ALL
    assert "an older pointer was put back: it is run 1's, and run 3 had published" in shop.errors()[0]
    assert shop.record(4)["drift"]["differing"] == 3
    before = len(shop.errors())
    assert shop.retrain("schedule").status == "unchanged"
    assert len(shop.errors()) == before


def test_promise_1_a_pointer_that_is_gone_is_noticed_and_repaired(shop):
    shop.objects.delete(names.POINTER)

    assert shop.retrain("threshold").status == "published"

    assert shop.used() == ALL
    assert "the pointer is gone" in shop.errors()[0]


def test_promise_1_an_older_database_is_noticed_and_repaired_however_young_what_was_lost(shop):
    shop.documents._documents = copy.deepcopy(shop.older_database)
    shop.write("written since", {"status": "pending"})

    first, second = shop.retrain("threshold"), shop.retrain("threshold")

    assert [first.status, second.status] == ["overtaken", "published"]
    assert shop.used() == {"a1": 1.0}
    assert "the database was put back or its state lost" in shop.errors()[0]
    assert shop.record(4)["drift"] == {"differing": 3, "in_flight": 0, "examples": ["b1", "b2", "c1"]}
    assert "full_read_due" not in shop.state()


def test_promise_1_an_older_database_is_noticed_though_its_next_runs_stop_before_they_see_the_pointer(shop):
    shop.documents._documents = copy.deepcopy(shop.older_database)
    for _ in range(2):  # they use up the numbers under which what is live was published
        shop.die_after("lease")
        assert shop.retrain("schedule").status == "failed"

    assert shop.retrain("threshold").status == "published"

    assert shop.used() == {"a1": 1.0}
    assert "it has another run 3 than the one that is live" in "".join(shop.errors())
    assert shop.retrain("schedule").status == "unchanged"


def test_why_a_full_read_is_due_outlives_runs_that_publish_none(shop):
    shop.documents._documents = copy.deepcopy(shop.older_database)
    shop.retrain("schedule")
    shop.die_after("full read")
    assert shop.retrain("schedule").status == "failed"

    assert "run 3 had published" in shop.state()["full_read_due"]
    assert shop.retrain("threshold").status == "published"
    assert "full_read_due" not in shop.state()


def test_a_refused_model_commits_the_full_read_that_was_due(shop):
    shop.put_back(shop.older, names_only=[names.POINTER])
    shop.fit.judged = ABSURD

    assert shop.retrain("schedule").status == "refused"

    assert shop.used() == ALL
    assert shop.state()["published"]["run"] == shop.pointer().run == 4


def test_promise_1_a_pointer_put_back_after_a_crash_in_the_midst_of_marking_is_noticed(shop):
    shop.complete("d1", "d2")
    marked = []

    def crash(effect):
        if effect.startswith("update restock_changes"):
            if marked:
                raise KeyError("died")
            marked.append(effect)

    shop.documents.before = crash
    shop.retrain()
    shop.documents.before = lambda effect: None
    shop.put_back(shop.older, names_only=[names.POINTER])

    shop.retrain("schedule")

    assert shop.used() == ALL | {"d1": 1.0, "d2": 1.0}


def test_a_pinned_run_says_that_a_pointer_was_put_back_and_trains_nothing(shop):
    shop.put_back(shop.older, names_only=[names.POINTER])
    verbs.pin(shop.objects, shop.clock())

    assert shop.retrain("schedule").status == "pinned"
    assert "an older pointer was put back" in shop.errors()[0]
    verbs.unpin(shop.objects, shop.documents, shop.queue, 3, shop.clock())
    assert shop.retrain("threshold").status == "published"
    assert shop.used() == ALL


@pytest.mark.parametrize("step", ["pointer", "history", "settled", "applied", "fitted", "files", "commit", "marked"])
def test_no_false_alarm_after_a_crash_at_any_step(shop, step):
    shop.complete("d1")
    shop.die_after(step)
    shop.retrain()

    shop.retrain("schedule")
    shop.retrain("manual")

    assert not [line for line in shop.errors() if "put back" in line or "drift" in line]
    assert not any("full read" in note for note in shop.record(6)["notes"])


def test_no_false_alarm_after_rollback_pin_unpin_and_refusal(shop):
    verbs.roll_back(shop.objects, 1, shop.clock(), reads)
    verbs.pin(shop.objects, shop.clock())
    shop.retrain("schedule")
    verbs.unpin(shop.objects, shop.documents, shop.queue, 3, shop.clock())
    shop.fit.judged = ABSURD
    shop.retrain("manual")

    assert not [line for line in shop.errors() if "put back" in line]
    assert shop.state()["published"]["run"] == 3


def test_a_holder_that_meets_the_work_of_a_later_run_raises_no_alarm(shop):
    """It took its lease, was frozen, and reads the pointer after another run published."""
    tools, done = shop.tools(), []

    def after(step):
        if step == "lease" and not done:
            done.append(step)
            shop.clock.advance(seconds=shop.settings.lease_seconds)
            assert shop.retrain("manual").status == "published"

    assert retrain(RetrainRequest("manual"), shop.tools(after=after)).status == "overtaken"
    assert tools.settings is shop.settings
    assert "full_read_due" not in shop.state()
    assert shop.errors() == []


@pytest.mark.parametrize("which", ["another database", "another bucket", "another bucket, empty"])
def test_a_foreign_pointer_or_bucket_ends_the_run_naming_both_and_writing_nothing(shop, which):
    if which == "another database":
        shop.change(project="staging")
    else:
        shop.change(bucket="other")
    if which.endswith("empty"):
        for name in list(shop.objects.stored()):
            shop.objects.delete(name)
    shop.complete("d1", "d2", "d3")
    objects, changes = shop.objects.stored(), copy.deepcopy(shop.documents.stored(names.CHANGES))
    state = dict(shop.state())

    outcome = shop.retrain("threshold")

    assert outcome.http_status == 500
    expected = ("projects/demo-restock/", "projects/staging/") if "database" in which else ("demo-restock", "other")
    assert all(name in outcome.message for name in expected)
    assert shop.objects.stored() == objects
    assert shop.documents.stored(names.CHANGES) == changes
    assert shop.state() == state | {"run": 4}


def test_adopting_reads_in_full_and_writes_the_new_names(shop):
    shop.change(project="moved", bucket="moved-bucket")

    assert shop.retrain("manual", adopt=True).status == "published"

    assert shop.pointer().database == shop.history().database == "projects/moved/databases/(default)"
    assert shop.state()["published"] == {"run": 4, "bucket": "moved-bucket"}
    assert shop.used() == ALL
    assert shop.retrain("schedule").status == "unchanged"


def test_what_older_releases_did_not_name_is_adopted_silently_once(shop):
    pointer = shop.objects.read(names.POINTER)
    shop.objects.write(
        names.POINTER,
        pointer.data.replace(b'"database": "projects/demo-restock/databases/(default)",', b""),
        if_generation=pointer.generation,
    )
    state = shop.documents.get(names.STATE)
    shop.documents.set(names.STATE, {name: value for name, value in state.fields.items() if name != "published"})
    assert shop.pointer().database == ""

    shop.retrain("manual")

    assert shop.pointer().database == "projects/demo-restock/databases/(default)"
    assert shop.state()["published"] == {"run": 4, "bucket": "demo-restock"}
    assert shop.errors() == []
    assert not any("full read" in note for note in shop.record(4)["notes"])


def test_without_state_and_pointer_numbers_go_on_after_the_greatest_stored_version(shop):
    shop.objects.delete(names.POINTER)
    for path in [path for path in shop.documents._documents if path.startswith("restock_")]:
        shop.documents.delete(path)

    first, second = shop.retrain(), shop.retrain()

    assert (first.status, first.http_status) == ("overtaken", 503)
    assert (second.status, second.version) == ("published", 4)
    assert shop.used() == ALL


def test_an_older_database_whose_numbers_meet_files_of_a_crashed_run_goes_on_after_them(shop):
    shop.complete("d1")
    database = copy.deepcopy(shop.documents._documents)
    shop.die_after("files")
    shop.retrain()  # run 4 leaves files that nothing names
    shop.documents._documents = database
    shop.documents.delete(names.change("d1"))

    outcomes = [shop.retrain("manual").status for _ in range(2)]

    assert outcomes == ["overtaken", "published"]
    assert shop.pointer().version == 5
    assert shop.used() == ALL | {"d1": 1.0}
