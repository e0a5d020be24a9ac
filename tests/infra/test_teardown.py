"""What is not Restock's own is never touched, and a teardown leaves data and queue."""

from __future__ import annotations

import json

import pytest

from tests.infra.conftest import World
from tests.infra.fake_apis import ON_PROJECT, PUBSUB
from tests.infra.fake_project import PROJECT
from tests.infra.made import PLACE, function

pytestmark = pytest.mark.needs("gcloud")


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
