"""The commands as text: what a plan prints, in milliseconds and without gcloud."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra import alerts, operate
from infra.command import gcloud, mapping_flag
from infra.deploy import changes, parts, plan, summary, teardown
from infra.errors import CommandFailedError, PrerequisiteError
from infra.grants import ACCOUNTS, GRANTS, PLACES, PUBSUB_AGENT, granted
from infra.parts import Removal, access, functions, queue
from infra.parts.first_training import first_training
from infra.prerequisites import PERMISSIONS, check_standing
from infra.reading import LAST, LISTS, read_command
from infra.settings import DOORS, InfraSettings
from infra.stage import Staged
from infra.standing import Standing
from tests.infra.test_settings import ROOT, settings

STAGED = {door: Staged(door, Path("build") / door, (), "0" * 64) for door in DOORS}


def planned(wanted: InfraSettings, standing: Standing | None = None) -> str:
    lines: list[str] = []
    plan(wanted, standing or Standing(), STAGED, lines.append)
    return "\n".join(lines)


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_every_command_of_a_first_deploy_has_its_reason(size: str) -> None:
    due = [
        change for _part, part_changes in changes(settings(size=size), Standing(), STAGED) for change in part_changes
    ]

    assert len(due) == 69
    assert all(len(change.reason) > 5 for change in due)
    assert all("--project=my-shop" in change.argv for change in due if hasattr(change, "argv"))
    assert f"RETRAIN_THRESHOLD={settings(size=size).threshold}" in planned(settings(size=size))


def test_the_builds_lie_between_a_metric_and_its_alert_and_no_training_waits_for_an_alert() -> None:
    titles = [part.title for part in parts(STAGED)]

    assert titles.index("metrics") < titles.index("function forecast") < titles.index("alerts")
    assert titles.index("first training") < titles.index("alert channel")


def test_every_command_stands_in_the_code_as_one_would_type_it() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "infra").rglob("*.py"))
    due = [
        change.argv[1:]
        for _part, found in changes(settings(), Standing(), STAGED)
        for change in found
        if hasattr(change, "argv")
    ]

    for words in due:
        verb = " ".join(itertools.takewhile(lambda word: re.fullmatch(r"[a-z-]+", word), words[:4]))
        assert any(" ".join(verb.split()[:count]) in code for count in range(len(verb.split()), 1, -1)), verb
    assert "functions deploy {function} --gen2 --region={region}" in code
    assert len(due) > 50


def test_a_value_never_becomes_two_words_whatever_it_holds() -> None:
    command = gcloud(settings(), "tasks {one} --x={two}", reason="r", one='a "b" {queue}', two="c 'd' $(e) \\")

    assert command.argv[1:4] == ("tasks", 'a "b" {queue}', "--x=c 'd' $(e) \\")


def test_a_first_deploy_is_undone_part_by_part_from_the_last() -> None:
    wanted = settings()
    standing = Standing(project={"projectNumber": "5"}, queues=[{"name": "q/restock-retrain"}])
    standing.jobs, standing.functions = [{"name": "j/restock-retrain"}], [{"name": "f/restock-retrain"}]
    standing.accounts = [{"email": wanted.account("retrain")}]
    role = {"role": "roles/storage.objectUser", "members": [f"serviceAccount:{wanted.account('retrain')}"]}
    standing.policies = {"bucket": {"bindings": [role]}}

    gone = [" ".join(change.argv[1:4]) for change in teardown(wanted, standing, Removal(with_queue=True))]

    assert gone == [
        "scheduler jobs delete",
        "functions delete restock-retrain",
        "tasks queues delete",
        "storage buckets remove-iam-policy-binding",
        "iam service-accounts delete",
    ]


def test_durations_are_seconds_for_gcloud_passes_them_on_as_typed() -> None:
    durations = re.findall(r"--[a-z-]*(?:backoff|duration|deadline|timeout)=(\S+)", planned(settings()))

    assert len(durations) > 8
    assert all(re.fullmatch(r"\d+s?", duration) for duration in durations), durations


def test_no_grant_is_broad() -> None:
    assert not [one.role for one in GRANTS if re.search(r"owner|editor|admin", one.role, re.IGNORECASE)]
    assert all(len(one.reason) > 10 for one in GRANTS)
    assert {one.to for one in GRANTS} == {*ACCOUNTS, PUBSUB_AGENT}
    assert {one.on for one in GRANTS} == PLACES.keys() - {"events_account", "forecast"}


def test_each_clock_of_a_retrain_is_longer_than_the_one_before() -> None:
    clocks = [
        functions.CLOCKS["RETRAIN_DEADLINE_SECONDS"],
        functions.RETRAIN_TIMEOUT_SECONDS,
        functions.CLOCKS["TASK_DEADLINE_SECONDS"],
        functions.CLOCKS["LEASE_SECONDS"],
        queue.RETRIES.seconds_of_trying,
    ]

    assert clocks == sorted(set(clocks))


def test_a_function_stays_within_what_the_platform_allows() -> None:
    for shape in functions.SHAPES.values():
        assert shape.concurrency == 1 or shape.cpu >= 1
    assert functions.SHAPES["on_appointment"].timeout <= 540  # the longest for an event


def test_the_plan_changes_only_what_differs() -> None:
    wanted = settings()
    standing = Standing(project={"projectNumber": "5"})
    label = functions.digest_in(functions.deploy_command(wanted, standing, STAGED["forecast"]))
    made = functions.as_api_has_it(wanted, standing, "forecast")
    service = made["serviceConfig"]
    found = {"name": "x/restock-forecast", "labels": {functions.DIGEST_LABEL: label}, **made}
    standing.functions = [found]

    assert functions.function("forecast", wanted, standing, STAGED) == []
    assert functions.function("retrain", wanted, standing, STAGED) != []
    service["environmentVariables"] = service["environmentVariables"] | {"FORECAST_AUTH": "public"}
    assert "changed by hand" in functions.function("forecast", wanted, standing, STAGED)[0].reason
    found["state"] = "DEPLOYING"
    assert "DEPLOYING" in functions.function("forecast", wanted, standing, STAGED)[0].reason


def counting(wanted: InfraSettings) -> tuple[dict, Standing]:
    """on_appointment as a deploy leaves it, and all that stands."""
    standing = Standing(project={"projectNumber": "5"}, triggers=[{"name": "t"}])
    digest = functions.digest_in(functions.deploy_command(wanted, standing, STAGED["on_appointment"]))
    found = {
        "name": "x/restock-on-appointment",
        "state": "ACTIVE",
        "labels": {functions.DIGEST_LABEL: digest},
        **functions.as_api_has_it(wanted, standing, "on_appointment"),
    }
    found["serviceConfig"]["availableMemory"] = "512M"
    found["eventTrigger"]["trigger"] = "t"
    standing.functions = [found]
    return found, standing


@pytest.mark.parametrize(
    ("where", "changed", "told"),
    [
        ("serviceConfig", {"ingressSettings": "ALLOW_ALL"}, "who may reach it"),
        ("serviceConfig", {"serviceAccountEmail": "5-compute@developer.gserviceaccount.com"}, "its account"),
        ("serviceConfig", {"availableMemory": "256Mi"}, "its size"),
        ("serviceConfig", {"availableCpu": "4"}, "its size"),
        ("serviceConfig", {"minInstanceCount": 3}, "its size"),
        ("serviceConfig", {"maxInstanceRequestConcurrency": 1}, "its size"),
        ("serviceConfig", {"timeoutSeconds": 60}, "its size"),
        ("buildConfig", {"runtime": "python311"}, "how it is built"),
        ("eventTrigger", {"retryPolicy": "RETRY_POLICY_DO_NOT_RETRY"}, "that a failed delivery is sent again"),
        ("eventTrigger", {"serviceAccountEmail": "5-compute@developer.gserviceaccount.com"}, "its trigger's account"),
    ],
)
def test_what_was_changed_by_hand_is_put_back(where: str, changed: dict, told: str) -> None:
    wanted = settings()
    found, standing = counting(wanted)

    assert functions.function("on_appointment", wanted, standing, STAGED) == []
    found[where] |= changed
    (change,) = functions.function("on_appointment", wanted, standing, STAGED)
    assert f"({told} was changed by hand)" in change.reason


@pytest.mark.parametrize(
    "template",
    [
        {"metadata": {"annotations": {"autoscaling.knative.dev/minScale": "3"}}},
        {"spec": {"containerConcurrency": 1}},
        {"spec": {"containers": [{"resources": {"limits": {"cpu": "4", "memory": "512Mi"}}}]}},
    ],
)
def test_a_service_changed_past_its_function_is_put_back(template: dict) -> None:
    wanted = settings()
    _found, standing = counting(wanted)
    as_made = {"spec": {"containerConcurrency": 20, "containers": [{"resources": {"limits": {"cpu": "1000m"}}}]}}
    standing.run_services = [{"metadata": {"name": "restock-on-appointment"}, "spec": {"template": as_made}}]

    assert functions.function("on_appointment", wanted, standing, STAGED) == []
    standing.run_services[0]["spec"]["template"] = template
    (change,) = functions.function("on_appointment", wanted, standing, STAGED)
    assert "its size was changed by hand" in change.reason


def test_a_variable_added_by_hand_that_restock_reads_is_taken_away_again() -> None:
    wanted = settings()
    found, standing = counting(wanted)
    given = found["serviceConfig"]["environmentVariables"]

    given["LOG_EXECUTION_ID"] = "true"  # the platform's own
    assert functions.function("on_appointment", wanted, standing, STAGED) == []
    given["COMPLETED_STATUSES"] = "done"
    (change,) = functions.function("on_appointment", wanted, standing, STAGED)
    assert "a variable was changed by hand" in change.reason


def bound(role: str, *members: str, **more: object) -> dict:
    return {"bindings": [{"role": role, "members": list(members), **more}]}


@pytest.mark.parametrize(
    ("place", "policy", "gone"),
    [
        ("retrain", bound("roles/run.invoker", "user:mallory@example.com"), ["--member=user:mallory@example.com"]),
        ("queue", bound("roles/cloudtasks.admin", "user:m@example.com"), ["--role=roles/cloudtasks.admin"]),
        ("bucket", bound("roles/storage.admin", "allUsers"), ["--member=allUsers", "--condition=None"]),
        ("bucket", bound("roles/storage.legacyBucketOwner", "projectOwner:my-shop", "projectEditor:my-shop"), []),
        ("dead_topic", bound("roles/pubsub.viewer", "serviceAccount:service-5@gcp-sa-pubsub.x"), []),
        ("project", bound("roles/editor", "user:owner@example.com"), []),
        ("project", bound("roles/editor", f"serviceAccount:{settings().account('retrain')}"), ["--role=roles/editor"]),
        ("project", bound("roles/editor", f"deleted:serviceAccount:{settings().account('retrain')}?uid=1"), ["?uid=1"]),
        (
            "project",
            bound(
                "roles/datastore.user",
                f"serviceAccount:{settings().account('retrain')}",
                condition={"title": "t", "expression": "false"},
            ),
            ["--condition=title=t,expression=false"],
        ),
    ],
)
def test_a_binding_that_nobody_named_is_taken_away_on_what_is_ours(place: str, policy: dict, gone: list[str]) -> None:
    standing = Standing(project={"projectNumber": "5"}, policies={place: policy})

    removed = [change for change in granted(place, settings(), standing) if "remove" in change.text()]

    assert len(removed) == bool(gone)
    assert all(any(part in word for word in removed[0].argv) for part in gone)
    assert all("bound it by hand" in change.reason for change in removed)


@pytest.mark.parametrize(
    ("changed", "role"),
    [
        ({}, "user"),
        ({"auth": "iam"}, "user"),
        ({"variables": {"ORDERS": "off"}}, "viewer"),
        ({"auth": "public"}, "viewer"),
    ],
    ids=str,
)
def test_forecast_may_write_only_where_orders_are_on_and_the_plan_says_how_far_that_goes(
    changed: dict, role: str
) -> None:
    asked = granted("project", settings(**changed), Standing(databases=[DATABASE]))
    forecasts = [change for change in asked if change.reason.startswith("forecast ")]
    roles = [word for change in forecasts for word in change.argv if "datastore" in word]

    assert roles == [f"--role=roles/datastore.{role}"]
    assert ("can so write the whole database" in forecasts[0].reason) == (role == "user")


def test_switching_orders_off_takes_the_right_to_write_away() -> None:
    off = settings(variables={"ORDERS": "off"})
    standing = Standing(
        databases=[DATABASE],
        policies={"project": bound("roles/datastore.user", f"serviceAccount:{off.account('forecast')}")},
    )

    taken = [change for change in granted("project", off, standing) if "remove-iam-policy-binding" in change.argv]

    assert [word for word in taken[0].argv if "--role" in word] == ["--role=roles/datastore.user"]


def test_roles_on_the_project_have_conditions_only_where_there_are_several_databases() -> None:
    wanted, one = settings(), [DATABASE]
    several = [DATABASE, DATABASE | {"name": "projects/p/databases/other"}]

    plain = "\n".join(change.text() for change in granted("project", wanted, Standing(databases=one)))
    bound_to_one = "\n".join(change.text() for change in granted("project", wanted, Standing(databases=several)))

    assert "expression=" not in plain
    assert bound_to_one.count("databases/(default)") == 3
    assert any("bound to it by conditions" in remark for remark in check_standing(wanted, Standing(databases=several)))
    assert check_standing(wanted, Standing(databases=one)) == []


def test_a_caller_no_longer_named_is_revoked_and_a_named_one_stays() -> None:
    wanted = settings(auth="iam", callers=["user:a@example.com"])
    standing = Standing(policies={"forecast": bound("roles/run.invoker", "user:a@example.com", "user:b@example.com")})

    (change,) = access.callers_of_forecast(wanted, standing)

    assert change.argv[3] == "remove-iam-policy-binding"
    assert "--member=user:b@example.com" in change.argv


def test_a_function_without_its_trigger_is_told_with_the_commands_of_the_runbook() -> None:
    wanted = settings()
    _found, standing = counting(wanted)
    standing.triggers = []

    with pytest.raises(CommandFailedError) as refused:
        functions.function("on_appointment", wanted, standing, STAGED)

    told = str(refused.value)
    assert "gcloud functions delete restock-on-appointment --gen2 --region=europe-west1 --project=my-shop" in told
    assert told.index("functions delete") < told.index("make deploy") < told.index("make rebuild")


@pytest.mark.parametrize(("auth", "is_open"), [("public", True), ("firebase", True), ("iam", False)])
def test_forecast_is_open_only_where_it_checks_callers_itself_or_anyone_may(auth: str, is_open: bool) -> None:
    assert ("--member=allUsers" in planned(settings(auth=auth))) == is_open


def test_the_plan_says_whom_forecast_admits() -> None:
    wide = settings(auth="firebase", variables={"FORECAST_REQUIRE_ADMIN": "false"})

    assert "admits the shop's admins only" in planned(settings(auth="firebase"))
    assert "admits every account of the project, customers too" in planned(wide)


DATABASE = {"name": "projects/p/databases/(default)", "locationId": "europe-west1", "type": "FIRESTORE_NATIVE"}


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing(databases=[DATABASE | {"locationId": "us-east1"}]), 'write region = "us-east1"'),
        (
            Standing(databases=[DATABASE | {"locationId": "nam5"}]),
            "begins with us- or northamerica-",
        ),
        (Standing(databases=[DATABASE | {"databaseEdition": "ENTERPRISE"}]), "of the ENTERPRISE edition"),
        (Standing(services=[{"name": "s/firestore.googleapis.com"}]), "write make_database = true"),
        (Standing(databases=[DATABASE | {"type": "DATASTORE_MODE"}]), "native mode"),
        (Standing(databases=[DATABASE | {"name": "projects/p/databases/other"}]), "none called (default)"),
        (Standing(functions=[{"name": "x/restock-forecast"}]), "a function restock-forecast is there"),
    ],
)
def test_what_stands_in_the_way_is_refused(standing: Standing, told: str) -> None:
    with pytest.raises(PrerequisiteError) as refused:
        check_standing(settings(), standing)

    assert told in str(refused.value)
    assert "nothing was changed" in str(refused.value)


def test_a_database_elsewhere_on_the_continent_is_only_remarked() -> None:
    assert check_standing(settings(), Standing(databases=[DATABASE])) == []
    assert check_standing(settings(), Standing(databases=[DATABASE | {"locationId": "eur3"}])) == []
    (remark,) = check_standing(settings(), Standing(databases=[DATABASE | {"locationId": "europe-west3"}]))
    assert "every read crosses regions" in remark


@pytest.mark.parametrize("region", ["us-east4", "northamerica-northeast1", "southamerica-east1"])
def test_the_american_multi_region_serves_all_of_america(region: str) -> None:
    assert check_standing(settings(region=region), Standing(databases=[DATABASE | {"locationId": "nam5"}])) == []


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_plan_of_a_first_deploy_fits_a_screen_and_a_small_one_names_every_change(size: str) -> None:
    lines: list[str] = []

    number = summary(settings(size=size), Standing(), STAGED, lines.append)

    assert number > 60
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 120


def test_an_address_that_is_not_retrains_is_told_with_the_right_one() -> None:
    url = "https://restock-retrain-abc-ew.a.run.app"
    standing = Standing(project={"projectNumber": "5"})
    standing.run_services = [{"metadata": {"name": "restock-retrain"}, "status": {"url": url}}]

    with pytest.raises(CommandFailedError, match=f'retrain_url = "{url}"'):
        access.address(settings(), standing)
    assert access.address(settings(retrain_url=url), standing) == []


@pytest.mark.parametrize(
    ("age", "pointer", "tasks", "asked"),
    [
        (timedelta(), {}, [], 1),
        (timedelta(), {}, [{"name": "q/tasks/first-training-2026010100"}], 0),
        (timedelta(hours=1), {}, [], 1),  # it has been, and found nothing to publish or failed
        (timedelta(hours=1), {"name": "models/current.json"}, [], 0),
        (timedelta(hours=48), {}, [], 0),  # the schedule has trained
    ],
)
def test_the_first_training_is_asked_for_once(age: timedelta, pointer: dict, tasks: list, asked: int) -> None:
    standing = Standing(pointer=pointer, tasks=tasks)
    standing.functions = [{"name": "x/restock-on-appointment", "eventTrigger": {"trigger": "t"}}]
    standing.triggers = [{"name": "t", "createTime": (datetime.now(UTC) - age).isoformat()}]

    due = first_training(settings(), standing)

    assert len(due) == asked
    assert all("/tasks/first-training-" in change.body["task"]["name"] for change in due)


def test_values_with_commas_reach_gcloud_whole() -> None:
    assert mapping_flag("--set-env-vars", {"A": "1", "B": "2"}) == "--set-env-vars=A=1,B=2"
    assert mapping_flag("--set-env-vars", {"A": "x,y|z", "B": "2"}) == "--set-env-vars=^;^A=x,y|z;B=2"


def test_an_api_that_is_not_enabled_is_not_asked() -> None:
    for read in (*LISTS, *LAST):
        argv = read_command(read, settings(), Standing()).argv
        assert argv[-2:] == ("--project=my-shop", "--quiet")
        assert read.api or read.field in {"project_policy", "billing"}


def test_alerts_watch_for_words_that_the_functions_really_log() -> None:
    text = json.dumps([*alerts.alerts(settings(), "c"), *alerts.metrics(settings()).values()])
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("restock/**/*.py"), *ROOT.glob("functions/*/main.py")]
    )

    for status in ("failed", "refused", *alerts.ENDED_WELL):
        assert status in text
        assert f'"{status}"' in sources
    for words in ("no lease", "drift: ", "not counted: ", "too old to merge"):
        assert words in text
        assert f'"{words}' in sources or f" {words}" in sources
    for component in ("retrain",):
        assert f'jsonPayload.component=\\"{component}\\"' in text


def test_every_alert_has_its_page_in_the_runbook() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")

    for policy in alerts.alerts(settings(), "c"):
        section = re.search(r"section '(.*)'", policy["documentation"]["content"])[1]
        assert f"### {section}\n" in runbook


def test_status_says_that_the_bucket_is_gone() -> None:
    lines: list[str] = []
    operate.show(settings(), Standing(), lines.append)

    assert "bucket          MISSING      gs://my-shop-restock" in lines


def test_every_role_a_deployer_needs_is_in_the_runbook() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")

    assert [role for role in PERMISSIONS.values() if role not in runbook] == []
