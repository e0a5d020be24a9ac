"""A chain's deployment as text, in milliseconds and without gcloud: what it has more than one shop's, and what not."""

from __future__ import annotations

import json

import pytest

from infra import alerts, operate
from infra.chain import errors_that_alarm, job_shape, runs_at_once
from infra.deploy import changes, summary, teardown
from infra.errors import CommandFailedError, PrerequisiteError
from infra.parts import Removal, functions, schedule, sweep
from infra.parts.first_training import first_training
from infra.prerequisites import check_standing
from infra.settings import DOORS, InfraSettings
from infra.smoke import smoke
from infra.stage import STAGED, Staged
from infra.standing import Standing
from restock.settings import SWEEP, Settings
from restock.sweeping.turn import BEHIND, TRIES
from tests.infra.test_commands import STAGED as STAGED_OF_ONE
from tests.infra.test_commands import planned
from tests.infra.test_settings import ROOT, settings

STAGED_OF_CHAIN = {door: Staged(door, ROOT / "build" / door, (), "0" * 64) for door in STAGED}
CHAIN = settings(chain=True, shops=1000)


def texts(wanted: InfraSettings) -> list[str]:
    staged = STAGED_OF_CHAIN if wanted.chain else STAGED_OF_ONE
    return [change.text() for _part, due in changes(wanted, Standing(), staged) for change in due]


def test_without_it_nothing_of_a_chain_exists() -> None:
    plan = planned(settings())

    for word in ("sweep", "RESTOCK_CHAIN", "run jobs", "builds submit", "shops/", "oauth", "matchesPrefix"):
        assert word not in plan, word
    assert "--max-concurrent-dispatches=1 " in plan
    assert "match" not in json.dumps(alerts.metrics(settings()))


def test_a_chain_has_everything_else_as_one_shop_has_it() -> None:
    one, chain = set(texts(settings())), set(texts(CHAIN))

    verbs = {" ".join(text.split()[1:5]) for text in one - chain}
    assert verbs == {
        "storage buckets update gs://my-shop-restock",  # and the sources' expiry
        "tasks queues create restock-retrain",
        "functions deploy restock-forecast --gen2",
        "functions deploy restock-retrain --gen2",
        "functions deploy restock-on-appointment --gen2",
        "run services add-iam-policy-binding restock-retrain",  # of the schedule
        "scheduler jobs create http",
        f'https://cloudtasks.googleapis.com/v2/{settings().queue_path}/tasks with {{"task": {{"name":',
        "logging metrics create restock_retrain_ended",
        "alpha monitoring policies create",
    }


@pytest.mark.parametrize(
    ("shops", "tasks", "at_once", "errors"), [(2, 2, 2, 5), (250, 2, 2, 12), (1000, 4, 5, 50), (10_000, 40, 50, 500)]
)
def test_job_queue_and_alerts_follow_the_number_of_shops(shops: int, tasks: int, at_once: int, errors: int) -> None:
    wanted = settings(chain=True, shops=shops)

    assert (job_shape(wanted).tasks, runs_at_once(wanted), errors_that_alarm(wanted)) == (tasks, at_once, errors)
    assert functions.shape_of(wanted, "retrain").max_instances == at_once
    assert functions.shape_of(wanted, "retrain").concurrency == 1
    assert len(alerts.alerts(wanted, "c")) == 11  # however many shops


def test_the_sweep_is_told_what_retrain_is_told() -> None:
    found = functions.variables_of(settings(chain=True, variables={"SWEEP_HOUR": "4"}), SWEEP, "5")
    retrain = functions.variables_of(CHAIN, "retrain", "5")

    assert Settings.from_env(SWEEP, found).sweep_hour == 4
    assert {**retrain, "SWEEP_HOUR": "4"} == {**found, "THREADS": "1"}
    assert found["LEARN_WITHIN_HOURS"] == "48"  # each shop once a day, however often the job starts


def test_the_job_is_an_image_of_its_own_with_no_other_way_in() -> None:
    build, deploy, _grant = sweep.sweep(CHAIN, Standing(), STAGED_OF_CHAIN)
    config = json.loads(build.files["sweep-build.json"])

    assert build.argv[1:4] == ("builds", "submit", "build/sweep")
    assert config["serviceAccount"].endswith("/restock-build@my-shop.iam.gserviceaccount.com")
    assert config["images"][0] in " ".join(deploy.argv)
    assert "/restock/restock-sweep:" in config["images"][0]
    assert "GOOGLE_PYTHON_VERSION=3.13.x" in config["steps"][0]["args"]
    assert not [word for word in deploy.argv if word.startswith(("--command", "--args", "--source"))]
    assert f"--max-retries={TRIES - 1}" in deploy.argv
    assert (ROOT / "functions/sweep/Procfile").read_text(encoding="utf-8").startswith("web: python3 main.py")


def test_other_settings_are_deployed_without_a_build() -> None:
    found = job()

    due = sweep.sweep(settings(chain=True, shops=5000), standing(found), STAGED_OF_CHAIN)

    assert [change.argv[1:4] for change in due] == [("run", "jobs", "deploy")]
    assert "differs in taskCount, parallelism" in due[0].reason


def standing(found: dict) -> Standing:
    role = {"role": "roles/run.invoker", "members": [f"serviceAccount:{CHAIN.account('schedule')}"]}
    return Standing(project={"projectNumber": "5"}, sweep_jobs=[found], policies={"sweep_job": {"bindings": [role]}})


def job() -> dict:
    """The job as it stands after a deploy, as Knative has it."""
    as_made = Standing(project={"projectNumber": "5"})
    wanted = sweep.as_api_has_it(CHAIN, as_made, STAGED_OF_CHAIN[SWEEP])
    command = sweep.deploy_command(CHAIN, as_made, STAGED_OF_CHAIN[SWEEP], "r")
    container = {
        "image": wanted["image"],
        "env": [{"name": name, "value": value} for name, value in wanted["env"].items() if value],
        "resources": {"limits": {"memory": "2Gi", "cpu": "1000m"}},
    }
    task = {name: wanted[name] for name in ("maxRetries", "timeoutSeconds", "serviceAccountName")}
    execution = {
        "taskCount": 4,
        "parallelism": 4,
        "template": {"spec": {**task, "timeoutSeconds": "21600", "containers": [container]}},
    }
    digest = sweep.digest_in(command)
    return {
        "metadata": {"name": "restock-sweep", "labels": {"restock-digest": digest}},
        "spec": {"template": {"spec": execution}},
    }


def test_a_job_as_a_deploy_leaves_it_is_left_alone() -> None:
    assert sweep.sweep(CHAIN, standing(job()), STAGED_OF_CHAIN) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"command": ["python3"]}, "command"),
        ({"args": ["-m", "other"]}, "args"),
        ({"image": "gcf-artifacts/restock--retrain:latest"}, "image"),
        ({"resources": {"limits": {"memory": "512Mi", "cpu": "1000m"}}}, "memory"),
        ({"env": [{"name": "SWEEP_HOUR", "value": "5"}]}, "env."),
    ],
)
def test_a_job_changed_by_hand_is_put_back(changed: dict, told: str) -> None:
    found = job()
    found["spec"]["template"]["spec"]["template"]["spec"]["containers"][0] |= changed

    *_, deploy = sweep.sweep(CHAIN, standing(found), STAGED_OF_CHAIN)

    assert f"(differs in {told}" in deploy.reason
    assert [word for word in deploy.argv if word in ("--command=", "--args=")] == [
        f"--{way}=" for way in ("command", "args") if way in changed
    ]


def test_a_job_of_our_name_that_is_somebody_elses_is_refused() -> None:
    found = job()
    found["metadata"]["labels"] = {}

    with pytest.raises(PrerequisiteError, match="a Cloud Run job restock-sweep is there that this tool did not make"):
        check_standing(CHAIN, standing(found))


@pytest.mark.parametrize(
    ("wanted", "listens"), [(CHAIN, "appointments/{id}"), (settings(), "shops/{shop}/appointments/{id}")]
)
def test_a_deployment_of_the_other_kind_is_told_with_its_commands(wanted: InfraSettings, listens: str) -> None:
    found = {"name": "x/restock-on-appointment", "eventTrigger": {"eventFilters": [{"attribute": "document"}]}}
    found["eventTrigger"]["eventFilters"][0]["value"] = listens

    with pytest.raises(CommandFailedError) as refused:
        functions.function("on_appointment", wanted, Standing(functions=[found]), STAGED_OF_CHAIN)

    told = str(refused.value)
    assert "a deployment is of one kind" in told
    assert told.index("gcloud functions delete restock-on-appointment --gen2") < told.index("make deploy")


def test_the_schedule_starts_the_job_as_a_google_api_is_called() -> None:
    of_other_kind = Standing(jobs=[{"name": "j/restock-retrain"}])

    gone, made = schedule.schedule(CHAIN, of_other_kind)

    assert gone.argv[1:5] == ("scheduler", "jobs", "delete", "restock-retrain")
    assert (
        "--uri=https://run.googleapis.com/v2/projects/my-shop/locations/europe-west1/jobs/restock-sweep:run"
        in made.argv
    )
    assert f"--oauth-service-account-email={CHAIN.account('schedule')}" in made.argv
    assert not [word for word in made.argv if "oidc" in word]
    assert "--schedule=0 * * * *" in made.argv
    assert first_training(CHAIN, Standing()) == []  # the schedule takes each shop within the hour


def test_where_a_chain_became_one_shop_its_job_schedule_and_account_go() -> None:
    left = standing(job())
    left.accounts, left.jobs = [{"email": CHAIN.account(SWEEP)}], [{"name": "j/restock-sweep"}]

    due = [change.argv[1:4] for change in sweep.sweep(settings(), left, STAGED_OF_ONE)]
    of_schedule = schedule.schedule(settings(), left)[0]

    assert due == [("run", "jobs", "delete"), ("iam", "service-accounts", "delete")]
    assert of_schedule.argv[1:5] == ("scheduler", "jobs", "delete", "restock-sweep")
    gone = [" ".join(change.argv[1:5]) for change in teardown(CHAIN, left, Removal())]
    assert gone[:2] == ["scheduler jobs delete restock-sweep", "run jobs delete restock-sweep"]


def test_a_chains_alerts_wait_for_words_the_sweep_says_and_have_their_pages() -> None:
    policies = alerts.alerts(CHAIN, "c")
    text, runbook = json.dumps(policies), (ROOT / "docs/runbook.md").read_text(encoding="utf-8")

    assert f'jsonPayload.message:\\"{BEHIND}\\"' in text
    assert 'jsonPayload.message=~\\"^swept\\"' in json.dumps(alerts.metrics(CHAIN))
    assert "a retrain failed" not in text
    for policy in policies:
        title = policy["displayName"].removeprefix("Restock: ")
        assert f"### {title[0].upper()}{title[1:]}\n" in runbook
    assert len([one for one in policies if "conditionMatchedLog" not in one["conditions"][0]]) == 5  # billed, as before


def test_status_shows_the_sweep_and_the_smoke_test_says_what_its_shops_should_see() -> None:
    lines: list[str] = []
    url = "https://f.run.app"
    deployed = standing(job())
    deployed.sweep_jobs[0]["status"] = {"latestCreatedExecution": {"completionTimestamp": "2026-03-02T03:11:00Z"}}
    deployed.run_services = [
        {"metadata": {"name": f"restock-{door}"}, "status": {"url": url}} for door in ("forecast", "retrain")
    ]

    operate.show(CHAIN, deployed, lines.append)
    operate.show(settings(), deployed, lines.append)
    smoke(CHAIN, deployed, lines.append, fetch=lambda where, _bearer="": answers(where))

    assert [line for line in lines if line.startswith("sweep")] == [
        "sweep           stands       last ended 2026-03-02T03:11:00"
    ]
    assert "each within an hour of its registration in restock_shops" in lines[-1]


def answers(where: str) -> tuple[int, bytes]:
    return (200, b'{"status": "healthy", "shops_in_memory": 0}') if where.endswith("/health") else (403, b"")


def test_the_plan_of_a_first_deploy_of_a_chain_fits_a_screen() -> None:
    lines: list[str] = []

    summary(CHAIN, Standing(), STAGED_OF_CHAIN, lines.append)

    assert len(lines) <= 26
    assert any("sweep of a chain" in line for line in lines)
    assert set(DOORS) < set(STAGED)
