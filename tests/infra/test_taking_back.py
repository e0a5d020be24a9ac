"""What an operator takes back: code, an account that was misused, a bucket that was deleted."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.infra.conftest import World
from tests.infra.made import account, function, member

pytestmark = pytest.mark.needs("gcloud")


def test_code_goes_back_by_one_request_and_the_next_deploy_serves_the_newest_again(
    deployed: World, source: Callable[[str, str], None]
) -> None:
    source("functions/forecast/main.py", "\n# a mistake\n")
    assert deployed.infra("deploy", "--no-smoke").status == 0

    back = deployed.infra("rollback-code", "--yes")
    traffic = deployed.google.resources["run restock-forecast"]["spec"]["traffic"]
    shown = deployed.infra("status").text
    ended = deployed.infra("deploy", "--no-smoke")

    assert back.status == 0, back.text
    assert [f"{one.method} {one.path.rsplit('/', 1)[-1]}" for one in back.changes] == ["PUT restock-forecast"]
    assert "on_appointment  restock-on-appointment-00001 serves, and no earlier code is there" in back.text
    assert traffic == [{"revisionName": "restock-forecast-00001", "percent": 100}]
    assert "ROLLED BACK  to restock-forecast-00001" in shown
    assert "forecast was rolled back to restock-forecast-00001: its newest revision serves again" in ended.text
    assert [one.method for one in ended.changes] == ["PUT"]
    assert deployed.google.resources["run restock-forecast"]["spec"]["traffic"] == [
        {"latestRevision": True, "percent": 100}
    ]


def test_an_account_is_rotated_without_a_moment_in_which_nobody_may_call(deployed: World) -> None:
    google = deployed.google

    ended = deployed.infra("rotate", "tasks", "--yes")
    again = deployed.infra("plan")

    assert ended.status == 0, ended.text
    assert "tasks = 2" in (deployed.tree / "infra/settings.toml").read_text()
    assert "Nothing to do" in again.text
    invoker = {function(google, door)["serviceConfig"]["environmentVariables"]["RETRAIN_INVOKER"] for door in CALLING}
    assert invoker == {account("tasks-2")}
    assert google.policy("services/restock-retrain") == {"roles/run.invoker": {member("tasks-2"), member("schedule")}}
    assert account("tasks") not in json.dumps([list(google.resources), list(google.policies.values())])
    (task,) = [body for name, body in google.resources.items() if "/tasks/" in name]
    assert task["name"].rsplit("/", 1)[-1].startswith("after-rotation-")
    assert task["httpRequest"]["oidcToken"]["serviceAccountEmail"] == account("tasks-2")
    sent = [str(one) for one in ended.changes]
    told = next(place for place, text in enumerate(sent) if text.endswith("functions/restock-on-appointment"))
    gone = next(place for place, text in enumerate(sent) if text.startswith("DELETE iam"))
    assert told < gone


CALLING = ("retrain", "on_appointment")


def test_no_empty_bucket_is_made_where_google_still_keeps_the_deleted_one(deployed: World) -> None:
    google = deployed.google
    google.deleted_buckets.append(
        {
            **google.resources.pop("storage demo-shop-restock"),
            "softDeleteTime": "2026-11-24T08:00:00Z",
            "hardDeleteTime": "2026-12-01T08:00:00Z",
        }
    )

    refused = deployed.infra("deploy")
    anew = deployed.infra("deploy", "--new-bucket", "--no-smoke")

    assert refused.status == 1
    assert refused.changes == []
    assert "was deleted at 2026-11-24" in refused.text
    assert "The whole bucket deleted" in refused.text
    assert anew.status == 0, anew.text
    assert google.resources["storage demo-shop-restock"]["versioning"] == {"enabled": True}
