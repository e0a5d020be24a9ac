"""A later deploy changes what differs and nothing else: source, settings, and what somebody changed by hand."""

from __future__ import annotations

import json

import pytest

from tests.infra.conftest import World
from tests.infra.fake_apis import ON_PROJECT
from tests.infra.made import PLACE, account, bind, function, member

pytestmark = pytest.mark.needs("gcloud")


def test_the_second_deploy_of_the_same_tree_changes_nothing(deployed: World) -> None:
    second = deployed.infra("deploy")

    assert second.status == 0, second.text
    assert second.changes == []
    assert "Nothing to do" in second.text
    # All it sends: is it permitted, and one list or policy per kind of resource.
    assert {request.method for request in second.requests} <= {"GET", "POST"}
    assert {request.verb for request in second.requests if request.method == "POST"} <= {
        "getIamPolicy",
        "testIamPermissions",
    }


def test_a_changed_source_deploys_one_function(deployed: World, source) -> None:
    source("functions/forecast/main.py", "\n# changed\n")

    ended = deployed.infra("deploy")

    assert ended.status == 0, ended.text
    assert [f"{one.method} {one.path}" for one in ended.changes] == [
        next(f"PUT {one.path}" for one in ended.changes if one.method == "PUT"),
        f"PATCH /v2/{PLACE}/functions/restock-forecast",
    ]
    assert deployed.infra("deploy").changes == []


def test_a_changed_threshold_reaches_both_that_read_it(deployed: World) -> None:
    deployed.settings(threshold="12")

    ended = deployed.infra("deploy")

    patched = [request.path.rsplit("/", 1)[-1] for request in ended.changes if request.method == "PATCH"]
    assert patched == ["restock-retrain", "restock-on-appointment"]
    for door in ("retrain", "on_appointment"):
        assert function(deployed.google, door)["serviceConfig"]["environmentVariables"]["RETRAIN_THRESHOLD"] == "12"


def test_a_larger_shop_changes_threshold_schedule_and_the_age_that_alarms(deployed: World) -> None:
    deployed.settings(size='"large"')

    ended = deployed.infra("deploy")

    touched = {request.path.rsplit("/", 1)[-1] for request in ended.changes if request.method == "PATCH"}
    assert {"restock-retrain", "restock-on-appointment"} <= touched
    assert "restock-forecast" not in touched
    assert deployed.google.named("cloudscheduler", "/jobs/restock-retrain")["schedule"] == "0 3,15 * * *"
    ages = [body for body in deployed.google.resources.values() if "older than two" in body.get("displayName", "")]
    assert "[24h]" in json.dumps(ages)


def test_a_function_whose_build_failed_is_told_and_deployed_again(deployed: World, source) -> None:
    source("functions/forecast/main.py", "\n# does not build\n")
    deployed.google.fail_builds = True

    failed = deployed.infra("deploy")
    deployed.google.fail_builds = False
    mended = deployed.infra("deploy")

    assert failed.status == 1
    assert "step: function forecast" in failed.text
    assert "Build failed with status: FAILURE" in failed.text
    assert "gcloud builds log" in failed.text
    assert "its last deploy left it FAILED" in mended.text
    assert function(deployed.google, "forecast")["state"] == "ACTIVE"


@pytest.mark.parametrize(
    ("changed", "sent"),
    [
        ({"schedule": "0 3 1 1 *"}, ["PATCH"]),
        ({"timeZone": "Asia/Tokyo"}, ["PATCH"]),
        ({"state": "PAUSED", "httpTarget": {"uri": "https://elsewhere.example/"}}, ["resume", "PATCH"]),
    ],
)
def test_a_schedule_changed_or_paused_by_hand_is_put_back(deployed: World, changed: dict, sent: list[str]) -> None:
    job = deployed.google.named("cloudscheduler", "/jobs/restock-retrain")
    wanted = json.loads(json.dumps(job))
    job.update(changed)

    ended = deployed.infra("deploy")

    assert ended.status == 0, ended.text
    assert [request.verb or request.method for request in ended.changes] == sent
    assert {key: value for key, value in job.items() if key != "state"} == wanted
    assert job.get("state") in (None, "ENABLED")


def test_what_was_changed_by_hand_is_shown_by_a_plan_and_mended_by_a_deploy(deployed: World) -> None:
    google = deployed.google
    wanted = google.state()
    function(google, "forecast")["serviceConfig"]["minInstanceCount"] = 3
    function(google, "retrain")["serviceConfig"]["availableCpu"] = "4"
    function(google, "on_appointment")["serviceConfig"]["maxInstanceRequestConcurrency"] = 1
    bind(google, f"run {PLACE}/services/restock-retrain", "roles/run.invoker", "user:mallory@example.com")
    bind(google, ON_PROJECT, "roles/editor", member("retrain"))
    bind(google, "storage b/demo-shop-restock", "roles/storage.objectViewer", "user:mallory@example.com")
    failed = next(body for body in google.resources.values() if body.get("displayName") == "Restock: a retrain failed")
    failed["enabled"] = False
    job = google.named("cloudscheduler", "/jobs/restock-retrain")
    del job["httpTarget"]["oidcToken"], job["httpTarget"]["body"], job["attemptDeadline"]
    google.named("cloudtasks", "/queues/restock-retrain")["state"] = "PAUSED"
    google.named("iam", account("events"))["disabled"] = True

    shown = deployed.infra("plan")
    ended = deployed.infra("deploy")

    assert shown.changes == []
    assert len(shown.text.splitlines()) < 30
    for told in (
        *(
            "forecast answers the app",
            "retrain trains and publishes",
            "on_appointment counts",
            "size was changed by hand",
        ),
        *("user:mallory@example.com", "roles/editor no longer", "a retrain failed (differs in enabled)"),
        "(differs in attemptDeadline, httpTarget.body, httpTarget.oidcToken.serviceAccountEmail",
        *("it was paused, by hand", "it was disabled by hand"),
    ):
        assert told in shown.text, told
    assert ended.status == 0, ended.text
    google.named("cloudtasks", "/queues/restock-retrain").pop("state")
    google.named("iam", account("events")).pop("disabled")
    assert google.state() == wanted
