"""The real gcloud deploys to a recording fake of Google: what it makes, what it leaves alone, what changes again."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

import pytest

from infra.parts.queue import RETRIES
from infra.settings import DOORS
from tests.infra.conftest import World
from tests.infra.fake_apis import ON_PROJECT, PUBSUB, FakeGoogle
from tests.infra.fake_project import NUMBER, PROJECT

pytestmark = pytest.mark.needs("gcloud")

PLACE = f"projects/{PROJECT}/locations/europe-west1"
RETRAIN_URL = f"https://restock-retrain-{NUMBER}.europe-west1.run.app"


def account(name: str) -> str:
    return f"restock-{name}@{PROJECT}.iam.gserviceaccount.com"


def member(name: str) -> str:
    return f"serviceAccount:{account(name)}"


def function(google: FakeGoogle, door: str) -> dict:
    return google.named("cloudfunctions", f"/functions/restock-{door.replace('_', '-')}")


def test_the_first_deploy_says_what_it_does_and_what_the_shop_should_see(deployed: World) -> None:
    text = deployed.first.text

    assert "[11/24] function forecast: 1 change(s)" in text
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


def test_every_account_holds_its_roles_and_no_other(deployed: World) -> None:
    google = deployed.google

    assert google.policy(ON_PROJECT) == {
        "roles/pubsub.serviceAgent": {PUBSUB},
        "roles/datastore.user": {member("on-appointment"), member("retrain")},
        "roles/datastore.viewer": {member("forecast")},
        "roles/eventarc.eventReceiver": {member("events")},
        "roles/logging.logWriter": {member("build")},
        "roles/storage.objectViewer": {member("build")},
    }
    assert google.policy("b/demo-shop-restock") == {
        "roles/storage.objectUser": {member("retrain")},
        "roles/storage.objectViewer": {member("forecast")},
    }
    assert google.policy("queues/restock-retrain") == {
        "roles/cloudtasks.enqueuer": {member("on-appointment"), member("retrain")}
    }
    assert google.policy(f"serviceAccounts/{account('tasks')}") == {
        "roles/iam.serviceAccountUser": {member("on-appointment"), member("retrain")}
    }
    assert google.policy("repositories/restock") == {"roles/artifactregistry.writer": {member("build")}}


def test_database_and_bucket_roles_hold_only_where_they_are_needed(deployed: World) -> None:
    policies = deployed.google.policies
    bindings = policies[ON_PROJECT]["bindings"]
    conditions = {binding["role"]: binding.get("condition", {}).get("expression", "") for binding in bindings}
    models = next(one for one in policies["storage b/demo-shop-restock"]["bindings"] if "Viewer" in one["role"])

    assert set(conditions.values()) == {""}  # one condition would break tools that read the shop's policy
    assert "/objects/models/" in models["condition"]["expression"]
    assert "/objects/history" not in models["condition"]["expression"]


def test_nobody_holds_a_broad_role_and_only_forecast_is_open(deployed: World) -> None:
    google = deployed.google
    open_to_all = [name for name, policy in google.policies.items() if "allUsers" in json.dumps(policy)]
    roles = {binding["role"] for policy in google.policies.values() for binding in policy["bindings"]}

    assert open_to_all == [f"run {PLACE}/services/restock-forecast"]
    assert not [role for role in roles if role in {"roles/owner", "roles/editor"} or role.lower().endswith("admin")]
    assert google.policy("services/restock-forecast") == {"roles/run.invoker": {"allUsers"}}
    assert google.policy("services/restock-retrain") == {"roles/run.invoker": {member("tasks"), member("schedule")}}
    assert google.policy("services/restock-on-appointment") == {"roles/run.invoker": {member("events")}}


def test_the_schedule_calls_retrain_as_itself_in_the_shops_time_zone(deployed: World) -> None:
    job = deployed.google.named("cloudscheduler", "/jobs/restock-retrain")

    assert job["schedule"] == "0 3 * * *"
    assert job["timeZone"] == "Europe/Berlin"
    assert job["httpTarget"]["uri"] == f"{RETRAIN_URL}/"
    assert job["httpTarget"]["oidcToken"] == {"serviceAccountEmail": account("schedule"), "audience": RETRAIN_URL}
    assert json.loads(base64.b64decode(job["httpTarget"]["body"])) == {"reason": "schedule"}
    assert job["httpTarget"]["headers"]["Content-Type"] == "application/json"
    assert (job["retryConfig"]["minBackoffDuration"], job["retryConfig"]["retryCount"]) == ("600s", 3)


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


def bind(google: FakeGoogle, place: str, role: str, who: str) -> None:
    google.policies[place]["bindings"].append({"role": role, "members": [who]})


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


def test_where_pubsub_may_not_sign_deliveries_it_is_let_for_the_triggers_account_only(deployed: World) -> None:
    google = deployed.google
    older = [one for one in google.policies[ON_PROJECT]["bindings"] if one["members"] != [PUBSUB]]
    google.policies[ON_PROJECT]["bindings"] = older

    ended = deployed.infra("deploy")
    again = deployed.infra("deploy")

    assert ended.status == 0, ended.text
    assert google.policy(f"serviceAccounts/{account('events')}") == {"roles/iam.serviceAccountTokenCreator": {PUBSUB}}
    assert PUBSUB not in json.dumps(google.policies[ON_PROJECT])
    assert again.changes == []


def test_every_alert_reaches_the_channel_and_names_its_page(deployed: World) -> None:
    alerts = [body for name, body in deployed.google.resources.items() if "/alertPolicies/" in name]
    channel = deployed.google.named("monitoring", "/notificationChannels/0004")

    assert len(alerts) == 11
    assert channel["labels"] == {"email_address": "owner@example.com"}
    assert all(alert["notificationChannels"] == [channel["name"]] for alert in alerts)
    assert all("docs/runbook.md" in alert["documentation"]["content"] for alert in alerts)


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
    assert not {"restock/forecasting", "restock/retraining", "restock/history", "restock/counting"} & forecast
    assert {"restock/forecasting", "restock/retraining", "restock/history", "restock/counting"} <= retrain
    assert "restock/counting" in on_appointment
    assert not {"restock/forecasting", "restock/retraining", "restock/history", "restock/serving"} & on_appointment


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


def test_status_shows_what_stands(deployed: World) -> None:
    deployed.google.resources["storage demo-shop-restock/o/models/current.json"] = {"updated": "2026-03-02T12:00:00Z"}

    text = deployed.infra("status").text

    words = [line.split()[:2] for line in text.splitlines()]

    assert ["forecast", "ACTIVE"] in words
    assert ["queue", "stands"] in words
    assert "1 task waits, first-training-" in text
    assert ["bucket", "stands"] in words
    assert ["pointer", "published"] in words
    assert ["trigger", "set"] in words


def test_iam_mode_closes_forecast_and_lets_the_named_callers_in(deployed: World) -> None:
    caller = f"serviceAccount:{account('tasks')}"
    deployed.settings(auth='"iam"', callers=f'["{caller}"]')

    ended = deployed.infra("deploy", "--no-smoke")

    assert ended.status == 0, ended.text
    assert deployed.google.policy("services/restock-forecast") == {"roles/run.invoker": {caller}}
    assert deployed.infra("deploy", "--no-smoke").changes == []


def test_a_retrain_opened_by_hand_is_closed_again(deployed: World) -> None:
    policy = deployed.google.policies[f"run {PLACE}/services/restock-retrain"]
    policy["bindings"][0]["members"].append("allUsers")

    ended = deployed.infra("deploy")

    assert "allUsers is named nowhere here" in ended.text
    assert "allUsers" not in deployed.google.policy("services/restock-retrain")["roles/run.invoker"]


def test_where_all_users_are_forbidden_the_platforms_check_is_switched_off(deployed: World) -> None:
    google = deployed.google
    google.policies.pop(f"run {PLACE}/services/restock-forecast")
    google.forbids_all_users = True
    try:
        ended = deployed.infra("deploy")
        again = deployed.infra("deploy")
    finally:
        google.forbids_all_users = False

    assert ended.status == 0, ended.text
    annotations = google.resources["run restock-forecast"]["metadata"]["annotations"]
    assert annotations["run.googleapis.com/invoker-iam-disabled"].lower() == "true"
    assert "allUsers" not in json.dumps(list(google.policies.values()))
    assert again.changes == []


def test_beside_the_shops_app_nothing_of_the_app_is_touched(empty: World) -> None:
    google = empty.google
    google.enabled |= {"firestore.googleapis.com", "cloudfunctions.googleapis.com", "run.googleapis.com"}
    database = {"name": f"projects/{PROJECT}/databases/(default)", "locationId": "eur3", "type": "FIRESTORE_NATIVE"}
    exempt = f"{database['name']}/collectionGroups/appointments/fields/notes"
    notify = f"{PLACE}/functions/notify"
    app = {
        f"firestore {database['name']}": database,
        f"firestore {exempt}": {"name": exempt, "indexConfig": {}},
        f"cloudfunctions {notify}": {"name": notify, "environment": "GEN_2", "state": "ACTIVE"},
    }
    google.resources.update(json.loads(json.dumps(app)))
    theirs = {"role": "roles/editor", "members": ["user:owner@example.com"]}
    google.policies[ON_PROJECT] = {"bindings": [theirs], "etag": "YWJj"}

    ended = empty.infra("deploy")

    assert ended.status == 0, ended.text
    assert {name: google.resources[name] for name in app} == app
    assert google.policy(ON_PROJECT)["roles/editor"] == {"user:owner@example.com"}
    assert function(google, "on_appointment")["eventTrigger"]["triggerRegion"] == "eur3"
    assert not [one for one in ended.changes if one.path.endswith("/databases") or "appointments" in one.path]

    gone = empty.infra("teardown", "--yes", "--with-data", "--with-queue")
    again = empty.infra("teardown", "--yes", "--with-data", "--with-queue")

    assert gone.status == 0, gone.text
    assert again.changes == []
    assert {name: body for name, body in google.resources.items() if " tasks" not in name} == app
    left = {"roles/editor": {"user:owner@example.com"}, "roles/pubsub.serviceAgent": {PUBSUB}}
    assert google.policy(ON_PROJECT) == left


def test_teardown_keeps_the_data_unless_told(deployed: World) -> None:
    google = deployed.google
    google.resources["storage demo-shop-restock/o/models/current.json"] = {
        "name": "models/current.json",
        "bucket": "demo-shop-restock",
        "generation": "1",
    }

    refused = deployed.infra("teardown", stdin="no\n")
    ended = deployed.infra("teardown", stdin=f"{PROJECT}\n")

    assert refused.status == 1
    assert refused.changes == []
    assert ended.status == 0, ended.text
    left = {name.split(" ")[0] for name in google.resources}
    assert left == {"firestore", "storage", "cloudtasks"}
    assert [name for name in google.resources if "/tasks/" in name] == []
    assert google.named("cloudtasks", "/queues/restock-retrain")["state"] == "PAUSED"
    assert "storage demo-shop-restock/o/models/current.json" in google.resources
    assert "restock" not in json.dumps(list(google.policies.values()))


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda google: setattr(google, "billing", False), "billing is off"),
        (lambda google: setattr(google, "permissions", lambda asked: asked[1:]), "this account lacks"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told_before_anything_changes(deployed: World, prepare, told: str) -> None:
    prepare(deployed.google)
    try:
        ended = deployed.infra("deploy")
    finally:
        deployed.google.billing, deployed.google.permissions = True, list

    assert ended.status == 1
    assert told in ended.text
    assert "nothing was changed" in ended.text
    assert ended.changes == []


def test_a_project_that_is_not_there_is_told(deployed: World) -> None:
    deployed.settings(project='"another-shop"')

    ended = deployed.infra("deploy")

    assert ended.status == 1
    assert "another-shop" in ended.text
    assert ended.changes == []


def test_dead_deliveries_are_sent_again_as_they_came(deployed: World) -> None:
    google = deployed.google
    event = base64.b64encode(b"\x0a\xff\x80").decode()  # protobuf, not text
    attributes = {
        "ce-id": "7",
        "ce-subject": "documents/appointments/a1",
        "CloudPubSubDeadLetterSourceSubscription": "s",
    }
    dead = google.named("pubsub", "/subscriptions/restock-dead-events")
    dead["messages"] = [{"data": event, "attributes": attributes, "messageId": "1"}]
    topic = google.named("eventarc", "restock-on-appointment-111111")["transport"]["pubsub"]["topic"]

    looked = deployed.infra("replay", "--look")
    ended = deployed.infra("replay")

    assert "documents/appointments/a1" in looked.text
    assert looked.changes == []
    assert ended.status == 0, ended.text
    assert dead["messages"] == []
    assert google.resources[f"pubsub {topic}"]["messages"] == [
        {"data": event, "attributes": {"ce-id": "7", "ce-subject": "documents/appointments/a1"}}
    ]
