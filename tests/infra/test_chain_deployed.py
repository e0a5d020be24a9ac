"""The real gcloud makes a deployment of one shop a chain's, keeps it as it is wanted, and takes it down."""

from __future__ import annotations

import base64

import pytest

from tests.infra.conftest import World
from tests.infra.fake_jobs import JOBS
from tests.infra.fake_project import PROJECT
from tests.infra.made import PLACE, account, bind, function, member

pytestmark = pytest.mark.needs("gcloud")
SWEEP = f"run {JOBS}{PROJECT}/jobs/restock-sweep"


def test_a_chain_is_made_of_one_shops_deployment_once_its_trigger_is_gone(chain: World) -> None:
    google = chain.google
    job = google.resources[SWEEP]["spec"]["template"]["spec"]
    task = job["template"]["spec"]
    schedule = google.named("cloudscheduler", "/jobs/restock-sweep")
    uploaded = next(files for name, files in google.uploads.items() if name.startswith("builds/"))
    (build,) = google.built.values()

    assert (job["taskCount"], job["parallelism"], task["maxRetries"]) == (4, 4, 3)
    assert task["serviceAccountName"] == account("sweep")
    assert task["containers"][0]["image"] == build["images"][0]
    assert not {"command", "args"} & task["containers"][0].keys()
    assert build["serviceAccount"].endswith(account("build"))
    assert {"./Procfile", "./main.py", "./requirements.txt"} <= {f"./{name.removeprefix('./')}" for name in uploaded}
    assert schedule["httpTarget"]["uri"].endswith(f"/v2/{PLACE}/jobs/restock-sweep:run")
    assert schedule["httpTarget"]["oauthToken"]["serviceAccountEmail"] == account("schedule")
    assert base64.b64decode(schedule["httpTarget"]["body"]) == b"{}"
    assert not [name for name in google.resources if name.endswith("scheduler/jobs/restock-retrain")]
    assert google.policy("/jobs/restock-sweep") == {"roles/run.invoker": {member("schedule")}}
    assert google.policy("services/restock-retrain") == {"roles/run.invoker": {member("tasks")}}
    assert google.named("cloudtasks", "/queues/restock-retrain")["rateLimits"]["maxConcurrentDispatches"] == 5
    path = next(one for one in function(google, "on_appointment")["eventTrigger"]["eventFilters"] if "operator" in one)
    assert path["value"] == "shops/{shop}/appointments/{id}"
    titles = [body["displayName"] for name, body in google.resources.items() if "/alertPolicies/" in name]
    assert "Restock: shops stand still, or have learnt nothing for two days" in titles
    assert "Restock: a retrain failed" not in titles


def test_what_was_changed_of_it_by_hand_is_shown_and_mended_and_then_nothing_is_left_to_do(chain: World) -> None:
    google = chain.google
    wanted = google.state()
    execution = google.resources[SWEEP]["spec"]["template"]["spec"]
    execution["parallelism"] = 1
    execution["template"]["spec"]["containers"][0]["command"] = ["python3"]
    bind(google, f"run {PLACE}/jobs/restock-sweep", "roles/run.invoker", "user:mallory@example.com")
    google.named("cloudscheduler", "/jobs/restock-sweep")["state"] = "PAUSED"

    ended = chain.infra("deploy", "--no-smoke")
    again = chain.infra("deploy", "--no-smoke")

    assert ended.status == 0, ended.text
    assert "(differs in parallelism, command)" in ended.text
    assert "user:mallory@example.com" in ended.text
    assert "it was paused by hand" in ended.text
    assert not [one for one in ended.changes if one.api == "cloudbuild"]  # the image is there
    google.named("cloudscheduler", "/jobs/restock-sweep").pop("state")
    assert google.state() == wanted
    assert again.changes == []
    assert "Nothing to do" in again.text


def test_a_build_that_fails_is_told_with_its_words_and_the_job_stays_as_it_was(chain: World, source) -> None:
    source("functions/sweep/main.py", "\n# does not build\n")
    before = chain.google.resources[SWEEP]
    chain.google.build_errors = ["the requirements cannot be met"]

    failed = chain.infra("deploy", "--no-smoke")

    assert failed.status == 1
    assert "step: sweep of a chain" in failed.text
    assert "the requirements cannot be met" in failed.text
    assert "gcloud builds log" in failed.text
    assert chain.google.resources[SWEEP] == before


def test_a_teardown_takes_the_chains_job_and_schedule_too(chain: World) -> None:
    ended = chain.infra("teardown", "--yes")

    assert ended.status == 0, ended.text
    assert {name.split(" ")[0] for name in chain.google.resources} == {"firestore", "storage", "cloudtasks"}
