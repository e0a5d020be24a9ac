"""The three functions: everything about each is said, nothing is left to a default.

gcloud itself never notices that nothing changed: it uploads, builds and rolls out on every call. So a digest of the
staged source and of every flag is kept as a label, and a function is deployed only when that differs, when its last
deploy did not end well, or when somebody changed by hand what the deploy had set.

A retrain's four clocks, each longer than the one before, so that each outlives what it waits for::

    stops itself 1500 s  <  time-out 1700 s  <  task deadline 1800 s  <  lease 1900 s
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from infra.command import Change, digest_of, gcloud, mapping_flag
from infra.errors import CommandFailedError, SettingsFileError
from infra.settings import DOORS, InfraSettings
from infra.stage import Staged
from infra.standing import Standing
from restock.errors import SettingsError
from restock.settings import Settings

DEFAULTS: Mapping[str, Any] = {one.metadata["variable"]: one.default for one in fields(Settings)}
CLOCKS: Mapping[str, int] = {
    name: DEFAULTS[name] for name in ("RETRAIN_DEADLINE_SECONDS", "TASK_DEADLINE_SECONDS", "LEASE_SECONDS")
}
TASK_DEADLINE_SECONDS = CLOCKS["TASK_DEADLINE_SECONDS"]  # the longest that Cloud Tasks and Cloud Scheduler wait
RETRAIN_TIMEOUT_SECONDS = 1700

DIGEST_LABEL = "restock-digest"
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "forecast": {"memory": "512Mi", "cpu": 1, "concurrency": 20, "min_instances": 0, "max_instances": 4, "timeout": 60},
    # Concurrency above one: a second caller is answered "busy" at once instead of waiting for the first to end.
    "retrain": {
        "memory": "2Gi",
        "cpu": 2,
        "concurrency": 4,
        "min_instances": 0,
        "max_instances": 1,
        "timeout": RETRAIN_TIMEOUT_SECONDS,
    },
    "on_appointment": {
        "memory": "512Mi",
        "cpu": 1,
        "concurrency": 20,
        "min_instances": 0,
        "max_instances": 5,
        "timeout": 120,
    },
}
WHY = {
    "forecast": "answers the app; first, so that it reads what the others are about to write",
    "retrain": "trains and publishes; private",
    "on_appointment": "counts completions; last, so that everything it calls is there",
}
INGRESS = {  # gcloud's word and the API's
    "forecast": ("all", "ALLOW_ALL"),
    "retrain": ("internal-only", "ALLOW_INTERNAL_ONLY"),
    "on_appointment": ("internal-only", "ALLOW_INTERNAL_ONLY"),
}


def shape_of(settings: InfraSettings, door: str) -> dict[str, Any]:
    return {**SHAPES[door], **settings.shapes.get(door, {})}


def variables_of(settings: InfraSettings, door: str, number: str) -> dict[str, str]:
    """A door's whole environment, checked by the very code the door starts with."""
    ours = {
        "GOOGLE_CLOUD_PROJECT": settings.project,
        "RESTOCK_BUCKET": settings.bucket,
        "SHOP_TIME_ZONE": settings.time_zone,
        "RETRAIN_THRESHOLD": str(settings.threshold),
        "RETRAIN_QUEUE": settings.queue_path,
        "RETRAIN_URL": retrain_url(settings, number),
        "RETRAIN_INVOKER": settings.account("tasks"),
        **{name: str(seconds) for name, seconds in CLOCKS.items()},
        "FORECAST_AUTH": settings.auth,
        **settings.variables,
    }
    read_by = {one.metadata["variable"]: one.metadata["doors"] for one in fields(Settings)}
    if unknown := [name for name in settings.variables if name not in read_by]:
        raise SettingsFileError(
            f"[variables] names {', '.join(unknown)}, which no function reads; see the README's table"
        )
    found = {name: value for name, value in ours.items() if door in read_by[name]}
    try:
        Settings.from_env(door, found)
    except SettingsError as exc:
        raise SettingsFileError(f"infra settings: {exc}") from exc
    # The server starts 4 threads a core unless told; the platform sends as many requests as the concurrency says.
    return {**found, "THREADS": str(shape_of(settings, door)["concurrency"])}


def retrain_url(settings: InfraSettings, number: str) -> str:
    return settings.retrain_url or settings.service_url("retrain", number)


def deploy_words(settings: InfraSettings, standing: Standing, door: str) -> tuple[str, ...]:
    """The deploy command of one door, without its digest."""
    shape = shape_of(settings, door)
    repository = f"projects/{settings.project}/locations/{settings.region}/repositories/{settings.repository}"
    words = (
        "functions",
        "deploy",
        settings.function(door),
        "--gen2",
        f"--region={settings.region}",
        f"--runtime={settings.runtime}",
        f"--source=build/{door}",
        f"--entry-point={door}",
        f"--run-service-account={settings.account(door)}",
        f"--build-service-account=projects/{settings.project}/serviceAccounts/{settings.account('build')}",
        f"--docker-repository={repository}",
        f"--memory={shape['memory']}",
        f"--cpu={shape['cpu']}",
        f"--concurrency={shape['concurrency']}",
        f"--min-instances={shape['min_instances']}",
        f"--max-instances={shape['max_instances']}",
        f"--timeout={shape['timeout']}s",
        f"--ingress-settings={INGRESS[door][0]}",
        mapping_flag("--set-env-vars", variables_of(settings, door, standing.number)),
    )
    if door != "on_appointment":
        return (*words, "--trigger-http")
    return (
        *words,
        f"--trigger-location={standing.database_location or settings.region}",  # the database's place, whatever ours is
        "--trigger-event-filters=type=google.cloud.firestore.document.v1.written",
        "--trigger-event-filters=database=(default)",
        "--trigger-event-filters-path-pattern=document=appointments/{id}",
        f"--trigger-service-account={settings.account('events')}",
        "--retry",
    )


def function(door: str, settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged]) -> list[Change]:
    words = deploy_words(settings, standing, door)
    digest = digest_of([staged[door].digest, words])
    found = standing.named("functions", settings.function(door))
    if door == "on_appointment" and found.get("state") == "ACTIVE" and not standing.trigger(settings):
        raise _has_no_trigger(settings)
    why = _why_deploy(found, digest, settings, door, variables_of(settings, door, standing.number))
    if not why:
        return []
    changes = ("functions", "run_services", "triggers", "subscriptions", f"{door}_policy")
    label = f"--update-labels=app=restock,{DIGEST_LABEL}={digest}"
    return [gcloud(settings.project, *words, label, reason=f"{door} {WHY[door]} ({why})", changes=changes)]


def _why_deploy(
    found: Mapping[str, Any], digest: str, settings: InfraSettings, door: str, variables: Mapping[str, str]
) -> str:
    """Why a function must be deployed; empty if what stands is what is wanted."""
    if not found:
        return "new"
    if found.get("labels", {}).get(DIGEST_LABEL) != digest:
        return "its source or its configuration changed"
    if found.get("state", "ACTIVE") != "ACTIVE":
        return f"its last deploy left it {found['state']}"
    service, trigger, shape = found.get("serviceConfig", {}), found.get("eventTrigger", {}), shape_of(settings, door)
    differs = {
        "a variable": any(service.get("environmentVariables", {}).get(key) != one for key, one in variables.items()),
        "its size": service.get("maxInstanceCount") != shape["max_instances"]
        or service.get("timeoutSeconds") != shape["timeout"]
        or _mebibytes(service.get("availableMemory", "")) != _mebibytes(shape["memory"]),
        "who may reach it": service.get("ingressSettings") != INGRESS[door][1],
        "its account": service.get("serviceAccountEmail") != settings.account(door),
    }
    if door == "on_appointment":
        differs["its trigger's account"] = trigger.get("serviceAccountEmail") != settings.account("events")
        differs["that a failed delivery is sent again"] = trigger.get("retryPolicy") != "RETRY_POLICY_RETRY"
    return next((f"{what} was changed by hand" for what, is_so in differs.items() if is_so), "")


def _mebibytes(memory: str) -> int:
    """A size in any of the ways Google writes one, its M meaning what Mi does.

    >>> _mebibytes("2Gi"), _mebibytes("2048M"), _mebibytes("512Mi"), _mebibytes("")
    (2048, 2048, 512, 0)
    """
    number, unit = memory.rstrip("GMi"), memory.lstrip("0123456789")[:1]
    return int(number or 0) * (1024 if unit == "G" else 1)


def _has_no_trigger(settings: InfraSettings) -> CommandFailedError:
    """Google does not say that a deploy over a function makes a deleted trigger again; deleting both first does."""
    name = settings.function("on_appointment")
    return CommandFailedError(
        f"step: function on_appointment\n{name} stands without its trigger, so nothing is counted.\nwhat to do:\n"
        f"  gcloud functions delete {name} --gen2 --region={settings.region} --project={settings.project}\n"
        "  make deploy\n  make rebuild      15 minutes later: it counts what was completed meanwhile"
    )


def foreign_functions(settings: InfraSettings, standing: Standing) -> list[str]:
    """Functions of our names that this tool did not make: they are somebody's, so nothing is deployed over them."""
    found = [(door, standing.named("functions", settings.function(door))) for door in DOORS]
    return [settings.function(door) for door, one in found if one and DIGEST_LABEL not in one.get("labels", {})]
