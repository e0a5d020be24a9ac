"""The real gcloud deploys to a recording fake of Google: what a first deploy makes, kind by kind."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

import pytest

from infra.parts.budget import THRESHOLDS
from infra.parts.queue import RETRIES
from infra.settings import DOORS
from tests.infra.conftest import World
from tests.infra.fake_apis import PUBSUB
from tests.infra.fake_project import PROJECT
from tests.infra.made import PLACE, RETRAIN_URL, account, function

pytestmark = pytest.mark.needs("gcloud")


def test_the_first_deploy_says_what_it_does_and_what_the_shop_should_see(deployed: World) -> None:
    text = deployed.first.text

    assert "[11/27] function forecast: 1 change(s)" in text
    assert "The shop should see" in text
    assert "forecast refuses a caller without a token" in text
    assert not [request for request in deployed.first.requests if request.method == "CONNECT"]


def test_the_trigger_is_on_appointments_in_the_databases_place_and_retries(deployed: World) -> None:
    trigger = function(deployed.google, "on_appointment")["eventTrigger"]

    assert trigger["eventType"] == "google.cloud.firestore.document.v1.written"
    assert {"attribute": "database", "value": "(default)"} in trigger["eventFilters"]
    assert {
        "attribute": "document",
        "operator": "match-path-pattern",
        "value": "appointments/{id}",
    } in trigger["eventFilters"]
    assert trigger["triggerRegion"] == "europe-west1"
    assert trigger["retryPolicy"] == "RETRY_POLICY_RETRY"
    assert trigger["serviceAccountEmail"] == account("events")


@pytest.mark.parametrize("door", DOORS)
def test_every_function_is_explicit_about_its_size_its_account_and_its_threads(deployed: World, door: str) -> None:
    made = function(deployed.google, door)
    service = made["serviceConfig"]

    assert made["buildConfig"]["runtime"] == "python313"
    assert made["buildConfig"]["entryPoint"] == door
    assert made["buildConfig"]["serviceAccount"].endswith(account("build"))
    assert service["serviceAccountEmail"] == account(door.replace("_", "-"))
    assert {"availableMemory", "availableCpu", "timeoutSeconds", "minInstanceCount"} <= service.keys()
    assert service["environmentVariables"]["THREADS"] == str(service["maxInstanceRequestConcurrency"])
    assert service["environmentVariables"]["SHOP_TIME_ZONE"] == "Europe/Berlin"
    assert service["ingressSettings"] == ("ALLOW_ALL" if door == "forecast" else "ALLOW_INTERNAL_ONLY")


def test_each_clock_of_a_retrain_outlives_what_it_waits_for(deployed: World) -> None:
    service = function(deployed.google, "retrain")["serviceConfig"]
    variables = service["environmentVariables"]
    schedule = deployed.google.named("cloudscheduler", "/jobs/restock-retrain")

    deadline, lease = int(variables["RETRAIN_DEADLINE_SECONDS"]), int(variables["LEASE_SECONDS"])
    task_deadline = int(variables["TASK_DEADLINE_SECONDS"])
    assert deadline < service["timeoutSeconds"] < task_deadline < lease < RETRIES.seconds_of_trying
    assert schedule["attemptDeadline"] == f"{task_deadline}s"
    assert service["maxInstanceCount"] == 1
    assert service["maxInstanceRequestConcurrency"] > 1


def test_both_that_ask_for_a_retrain_know_its_address(deployed: World) -> None:
    for door in ("on_appointment", "retrain"):
        variables = function(deployed.google, door)["serviceConfig"]["environmentVariables"]

        assert variables["RETRAIN_URL"] == RETRAIN_URL
        assert variables["RETRAIN_QUEUE"] == f"{PLACE}/queues/restock-retrain"
        assert variables["RETRAIN_INVOKER"] == account("tasks")
        assert variables["RETRAIN_THRESHOLD"] == "15"


def test_the_schedule_calls_retrain_as_itself_in_the_shops_time_zone(deployed: World) -> None:
    job = deployed.google.named("cloudscheduler", "/jobs/restock-retrain")

    assert job["schedule"] == "0 3 * * *"
    assert job["timeZone"] == "Europe/Berlin"
    assert job["httpTarget"]["uri"] == f"{RETRAIN_URL}/"
    assert job["httpTarget"]["oidcToken"] == {"serviceAccountEmail": account("schedule"), "audience": RETRAIN_URL}
    assert json.loads(base64.b64decode(job["httpTarget"]["body"])) == {"reason": "schedule"}
    assert job["httpTarget"]["headers"]["Content-Type"] == "application/json"
    assert (job["retryConfig"]["minBackoffDuration"], job["retryConfig"]["retryCount"]) == ("600s", 3)


def test_the_queue_runs_one_at_a_time_and_gives_up_in_the_end(deployed: World) -> None:
    queue = deployed.google.named("cloudtasks", "/queues/restock-retrain")

    assert queue["rateLimits"]["maxConcurrentDispatches"] == 1
    assert queue["retryConfig"] == {
        "maxAttempts": 10,
        "minBackoff": "30s",
        "maxBackoff": "600s",
        "maxDoublings": 5,
        "maxRetryDuration": "0s",
    }


def test_the_bucket_is_versioned_private_and_forgets(deployed: World) -> None:
    bucket = deployed.google.resources["storage demo-shop-restock"]

    assert bucket["location"].lower() == "europe-west1"
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30}} in bucket["lifecycle"]["rule"]
    assert str(bucket["softDeletePolicy"]["retentionDurationSeconds"]) == "604800"


def test_only_restocks_own_collections_are_touched_in_firestore(deployed: World) -> None:
    sent = [request for request in deployed.first.changes if request.api in {"firestore", "firebaserules"}]
    fields = {name.split("/collectionGroups/")[1] for name in deployed.google.resources if "/fields/" in name}

    assert all("/collectionGroups/restock_" in request.path or request.path.endswith("/databases") for request in sent)
    assert {"restock_changes/fields/expire_at", "restock_runs/fields/expire_at"} <= fields
    assert deployed.google.named("firestore", "restock_runs/fields/expire_at")["ttlConfig"] == {}
    assert deployed.google.named("firestore", "restock_changes/fields/usage")["indexConfig"] == {}


def test_refused_deliveries_end_in_the_dead_letter_topic(deployed: World) -> None:
    google = deployed.google
    trigger = google.named("eventarc", "restock-on-appointment-111111")
    carried = google.resources[f"pubsub {trigger['transport']['pubsub']['subscription']}"]
    kept = google.named("pubsub", "/subscriptions/restock-dead-events")

    assert carried["deadLetterPolicy"] == {
        "deadLetterTopic": f"projects/{PROJECT}/topics/restock-dead-events",
        "maxDeliveryAttempts": 100,
    }
    assert kept["messageRetentionDuration"] == "604800s"
    assert google.policy("topics/restock-dead-events") == {"roles/pubsub.publisher": {PUBSUB}}
    assert google.policy(carried["name"]) == {"roles/pubsub.subscriber": {PUBSUB}}


def test_every_alert_reaches_the_channel_and_names_its_page(deployed: World) -> None:
    alerts = [body for name, body in deployed.google.resources.items() if "/alertPolicies/" in name]
    channel = deployed.google.named("monitoring", "/notificationChannels/0004")

    assert len(alerts) == 11
    assert channel["labels"] == {"email_address": "owner@example.com"}
    assert all(alert["notificationChannels"] == [channel["name"]] for alert in alerts)
    assert all("docs/runbook.md" in alert["documentation"]["content"] for alert in alerts)


def test_the_budget_of_the_project_tells_the_channel_at_half_at_all_and_beforehand(deployed: World) -> None:
    budget = next(body for name, body in deployed.google.resources.items() if name.startswith("billingbudgets "))

    assert budget["displayName"] == f"Restock {PROJECT}"
    assert budget["amount"]["specifiedAmount"]["units"] == "50"
    assert budget["budgetFilter"]["projects"] == [f"projects/{PROJECT}"]
    assert budget["thresholdRules"] == THRESHOLDS
    channel = deployed.google.named("monitoring", "/notificationChannels/0004")
    assert budget["notificationsRule"]["monitoringNotificationChannels"] == [channel["name"]]


def test_the_first_training_waits_for_the_trigger(deployed: World) -> None:
    (task,) = [body for name, body in deployed.google.resources.items() if "/tasks/" in name]

    made = datetime.fromisoformat(deployed.google.named("eventarc", "-111111")["createTime"][:19])
    assert datetime.fromisoformat(task["scheduleTime"][:19]) >= made + timedelta(minutes=15)
    assert json.loads(base64.b64decode(task["httpRequest"]["body"])) == {"reason": "manual"}
    assert task["dispatchDeadline"] == "1800s"
    assert task["httpRequest"]["url"] == f"{RETRAIN_URL}/"
    assert task["httpRequest"]["oidcToken"] == {"serviceAccountEmail": account("tasks"), "audience": RETRAIN_URL}


def test_only_what_a_function_needs_is_uploaded(deployed: World) -> None:
    uploaded = list(deployed.google.uploads.values())[:3]  # in the order of deploying
    forecast, retrain, on_appointment = ({name.rsplit("/", 1)[0] for name in names} for names in uploaded)

    assert "restock/serving" in forecast
    assert not {"restock/forecasting", "restock/retraining", "restock/history"} & forecast
    assert {"restock/forecasting", "restock/retraining", "restock/history", "restock/counting"} <= retrain
    assert "restock/counting" in on_appointment
    assert not {"restock/forecasting", "restock/retraining", "restock/history", "restock/serving"} & on_appointment
