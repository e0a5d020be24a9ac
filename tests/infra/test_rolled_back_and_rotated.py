"""Which code serves, which account is whose: decided from what stands, without gcloud."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra import deploy as deploying
from infra.errors import CommandFailedError, PrerequisiteError, SettingsFileError
from infra.grants import granted
from infra.parts import Removal, budget, queue, rotation, storage
from infra.prerequisites import check_standing
from infra.runner import Runner
from infra.settings import complete
from infra.stage import git_revision
from infra.standing import Standing
from infra.traffic import previous, rollbacks
from tests.infra.test_settings import GIVEN, settings

ROTATED = settings(rotated={"tasks": 2})
OLD = "restock-tasks@my-shop.iam.gserviceaccount.com"


def revision(number: int, image: str, *, ready: str = "True") -> dict:
    return {
        "metadata": {"name": f"f-{number}", "creationTimestamp": f"2026-01-0{number}T00:00:00Z"},
        "spec": {"containers": [{"image": image}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


@pytest.mark.parametrize(
    ("revisions", "serving", "before"),
    [
        ([revision(1, "a"), revision(2, "b")], "f-2", "f-1"),
        ([revision(1, "a"), revision(2, "b"), revision(3, "b")], "f-3", "f-1"),  # a restart is no other code
        ([revision(1, "a"), revision(2, "b", ready="False"), revision(3, "c")], "f-3", "f-1"),
        ([revision(1, "a"), revision(2, "b"), revision(3, "c")], "f-2", "f-1"),  # rolled back already: one further
        ([revision(1, "a")], "f-1", None),
        ([], "f-1", None),
    ],
)
def test_the_code_before_is_the_newest_older_revision_of_another_image(
    revisions: list[dict], serving: str, before: str | None
) -> None:
    found = previous(revisions, serving)

    assert (found and found["metadata"]["name"]) == before


def test_where_no_earlier_code_is_there_nothing_is_changed_and_the_other_way_is_named() -> None:
    with pytest.raises(CommandFailedError, match="git checkout the earlier tag, make deploy"):
        rollbacks(settings(), Standing(), ["forecast"], Runner(say=lambda _line: None))


def test_a_commit_is_told_and_whether_something_uncommitted_lay_beside_it(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", "-C", str(tmp_path), *author, *words], check=True, capture_output=True)

    assert git_revision(tmp_path) == "unknown"
    git("init", "-q")
    (tmp_path / "restock").mkdir()
    (tmp_path / "restock/a.py").touch()
    git("add", "-A")
    git("commit", "-qm", "one")
    clean = git_revision(tmp_path)
    (tmp_path / "restock/b.py").touch()

    assert len(clean) == 12
    assert git_revision(tmp_path) == f"{clean}-changed"
    assert git_revision(tmp_path / "restock") == "unknown"  # a folder in somebody's repository


def test_only_the_account_that_another_took_the_place_of_is_rotated_out() -> None:
    assert ROTATED.account("tasks") == "restock-tasks-2@my-shop.iam.gserviceaccount.com"
    assert ROTATED.is_rotated_out(OLD)
    assert not ROTATED.is_rotated_out(ROTATED.account("tasks"))
    assert not ROTATED.is_rotated_out("restock-drill@my-shop.iam.gserviceaccount.com")
    assert not settings().is_rotated_out(OLD)


def test_a_role_of_an_account_on_its_way_out_stays_until_it_goes_with_the_account() -> None:
    bound = {"bindings": [{"role": "roles/run.invoker", "members": [f"serviceAccount:{OLD}"]}]}
    standing = Standing(accounts=[{"email": OLD}], policies={"retrain": bound})
    standing.tasks = [{"name": "q/tasks/a"}, {"name": "q/tasks/after-rotation-2026010100"}]

    kept = [change.text() for change in granted("retrain", ROTATED, standing) if "remove" in change.text()]
    due = [change.text() for change in rotation.rotated_out(ROTATED, standing)]

    assert kept == []
    assert due[0].startswith("POST")
    assert [line.split()[1:4] for line in due[1:]] == [
        ["tasks", "delete", "a"],
        ["run", "services", "remove-iam-policy-binding"],
        ["iam", "service-accounts", "delete"],
    ]
    assert len(rotation.undo(ROTATED, standing, Removal())) == 2


@pytest.mark.parametrize("rotated", [{"tasks": 1}, {"tasks": "2"}, {"drill": 2}, ["tasks"], 5])
def test_a_rotation_that_is_none_is_refused_by_name(rotated: object) -> None:
    with pytest.raises(SettingsFileError, match="rotated"):
        complete({**GIVEN, "rotated": rotated})


GONE = {"metadata": {"name": "my-shop-restock", "softDeleteTime": "2026-11-24", "hardDeleteTime": "2026-12-01"}}


def test_a_bucket_that_google_would_still_give_back_is_refused_before_anything_is_changed() -> None:
    standing = Standing(deleted_buckets=[{"metadata": {"name": "another"}}, GONE])

    with pytest.raises(PrerequisiteError, match="gives it back until 2026-12-01"):
        check_standing(settings(), standing)
    with pytest.raises(CommandFailedError, match="step: bucket"):
        storage.bucket(settings(), standing)
    assert storage.deleted_bucket(settings(), Standing(deleted_buckets=[GONE], bucket={"name": "stands"})) == []


def test_a_budget_is_made_only_where_the_billing_account_can_be_seen_and_changed_only_where_it_differs() -> None:
    wanted, paid = settings(), {"billingAccountName": "billingAccounts/1-2-3", "billingEnabled": True}
    channels = [{"name": "c", "displayName": "Restock alerts"}]
    made = {"name": "b", "displayName": "Restock my-shop", **budget.as_api_has_it(wanted, "c")}
    made["thresholdRules"] = list(reversed(budget.THRESHOLDS))  # Google does not promise the order

    (new,) = budget.budget(wanted, Standing(billing=paid, channels=channels))
    (raised,) = budget.budget(settings(monthly_budget=80), Standing(billing=paid, budgets=[made], channels=channels))

    assert "--billing-account=1-2-3" in new.argv
    assert "--budget-amount=50" in new.argv
    assert "(differs in amount.specifiedAmount.units)" in raised.reason
    assert budget.budget(wanted, Standing(billing=paid, budgets=[made], channels=channels)) == []
    assert budget.budget(wanted, Standing(channels=channels)) == []
    assert budget.budget(wanted, Standing(billing=paid, unseen={"budgets"})) == []
    assert budget.budget(settings(monthly_budget=0), Standing(billing=paid)) == []
    assert check_standing(wanted, Standing(billing=paid)) == []


def test_a_queue_that_google_says_it_made_and_did_not_stops_the_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    tool = Runner(say=lambda _line: None)
    monkeypatch.setattr(tool, "run", lambda step, _change: ran.append(step))
    monkeypatch.setattr(deploying, "read_again", lambda *_: None)  # finds what was there before: nothing
    monkeypatch.setattr(deploying, "parts", lambda _staged: (queue.PART,))

    with pytest.raises(
        CommandFailedError, match="step: queue\nGoogle said that it was made; read back, it is not there"
    ):
        deploying.deploy(settings(), Standing(), {}, tool)

    assert set(ran) == {"queue"}
