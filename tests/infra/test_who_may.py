"""Who may do what in a deployed project: each role on the narrowest place, and whom forecast lets in."""

from __future__ import annotations

import json

import pytest

from tests.infra.conftest import World
from tests.infra.fake_apis import ON_PROJECT, PUBSUB
from tests.infra.made import PLACE, account, member

pytestmark = pytest.mark.needs("gcloud")


def test_every_account_holds_its_roles_and_no_other(deployed: World) -> None:
    google = deployed.google

    assert google.policy(ON_PROJECT) == {
        "roles/pubsub.serviceAgent": {PUBSUB},
        "roles/datastore.user": {member("on-appointment"), member("retrain"), member("forecast")},
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
