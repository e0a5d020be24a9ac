"""The three functions: everything about each is said, nothing is left to a default.

gcloud itself never notices that nothing changed: it uploads, builds and rolls out on every call. So a digest of the
staged source and of every flag is kept as a label, and a function is deployed only when that differs, when its last
deploy did not end well, or when somebody changed by hand what the deploy had set.

A retrain's four clocks, each longer than the one before, so that each outlives what it waits for::

    stops itself 1500 s  <  time-out 1700 s  <  task deadline 1800 s  <  lease 1900 s
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from infra import chain, traffic
from infra.command import Change, Command, digest_of, gcloud, mapping_flag, words_of
from infra.compare import differences
from infra.errors import CommandFailedError, SettingsFileError
from infra.parts import DeployPart
from infra.settings import DOORS, InfraSettings
from infra.stage import Staged
from infra.standing import Standing
from restock.errors import SettingsError
from restock.settings import Settings, reads

DEFAULTS: Mapping[str, Any] = {one.metadata["variable"]: one.default for one in fields(Settings)}
CLOCKS: Mapping[str, int] = {
    name: DEFAULTS[name] for name in ("RETRAIN_DEADLINE_SECONDS", "TASK_DEADLINE_SECONDS", "LEASE_SECONDS")
}
TASK_DEADLINE_SECONDS = CLOCKS["TASK_DEADLINE_SECONDS"]  # the longest that Cloud Tasks and Cloud Scheduler wait
RETRAIN_TIMEOUT_SECONDS = 1700

MOST_HOURS = 8_784
"""Of LEARN_WITHIN_HOURS."""

DIGEST_LABEL = "restock-digest"
REVISION_LABEL = "restock-revision"  # for people: a commit that changes no source of a function deploys none


@dataclass(frozen=True)
class Shape:
    """How large one function is."""

    memory: str
    cpu: int
    concurrency: int
    min_instances: int
    max_instances: int
    timeout: int


SHAPES: Mapping[str, Shape] = {
    "forecast": Shape("512Mi", cpu=1, concurrency=20, min_instances=0, max_instances=4, timeout=60),
    # Concurrency above one: a second caller is answered "busy" at once instead of waiting for the first to end.
    "retrain": Shape("2Gi", cpu=2, concurrency=4, min_instances=0, max_instances=1, timeout=RETRAIN_TIMEOUT_SECONDS),
    "on_appointment": Shape("512Mi", cpu=1, concurrency=20, min_instances=0, max_instances=5, timeout=120),
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


def shape_of(settings: InfraSettings, door: str) -> Shape:
    said = {name: value for name, value in asdict(settings.sizes(door)).items() if value is not None}
    shape = SHAPES[door]
    if settings.chain and door == "retrain":  # an instance a run: two shops' at once would share its memory
        shape = replace(shape, concurrency=1, max_instances=chain.runs_at_once(settings))
    return replace(shape, **said)


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
        "LEARN_WITHIN_HOURS": str(min(2 * settings.learns_every_hours(), MOST_HOURS)),
        "FORECAST_AUTH": settings.auth,
        **({"RESTOCK_CHAIN": "true"} if settings.chain else {}),
        **settings.variables,
    }
    read_by = {one.metadata["variable"]: one.metadata["doors"] for one in fields(Settings)}
    if unknown := [name for name in settings.variables if name not in read_by]:
        raise SettingsFileError(
            f"[variables] names {', '.join(unknown)}, which no function reads; see the README's table"
        )
    found = {name: value for name, value in ours.items() if reads(door, read_by[name])}
    try:
        Settings.from_env(door, found)
    except SettingsError as exc:
        raise SettingsFileError(f"infra settings: {exc}") from exc
    if door not in DOORS:
        return found
    # The server starts 4 threads a core unless told; the platform sends as many requests as the concurrency says.
    return {**found, "THREADS": str(shape_of(settings, door).concurrency)}


def retrain_url(settings: InfraSettings, number: str) -> str:
    return settings.retrain_url or settings.service_url("retrain", number)


DEPLOY = """
    functions deploy {function} --gen2 --region={region} --runtime={runtime} --source=build/{door} --entry-point={door}
    --run-service-account={account} --build-service-account=projects/{project}/serviceAccounts/{build_account}
    --docker-repository=projects/{project}/locations/{region}/repositories/{repository}
    --memory={memory} --cpu={cpu} --concurrency={concurrency} --min-instances={min_instances}
    --max-instances={max_instances} --timeout={timeout}s --ingress-settings={ingress} {variables}
    --serve-all-traffic-latest-revision
"""
BY_HTTP = "--trigger-http"
BY_FIRESTORE = """
    --trigger-location={database_place} --trigger-event-filters=type=google.cloud.firestore.document.v1.written
    --trigger-event-filters=database=(default) --trigger-event-filters-path-pattern=document={path}
    --trigger-service-account={events_account} --retry
"""


def deploy_command(settings: InfraSettings, standing: Standing, staged: Staged, why: str = "") -> Command:
    """The deploy of one door, labelled with its commit and with the digest of its source and of every flag."""
    door = staged.door
    line = DEPLOY + (BY_FIRESTORE if door == "on_appointment" else BY_HTTP)
    values = {
        "function": settings.function(door),
        "runtime": settings.runtime,
        "door": door,
        "account": settings.account(door),
        **asdict(shape_of(settings, door)),
        "ingress": INGRESS[door][0],
        "variables": mapping_flag("--set-env-vars", variables_of(settings, door, standing.number)),
        # The trigger is made in the database's place, whatever ours is.
        "database_place": standing.database_location or settings.region,
        "path": chain.path(settings),
    }
    digest = digest_of([staged.digest, words_of(line, {**settings.names, **values})])
    return gcloud(
        settings,
        line + " --update-labels=app=restock,{revision_label}={revision},{label}={digest}",
        reason=f"{door} {WHY[door]} ({why})",
        changes=("functions", "run_services", "triggers", "subscriptions", "tasks", f"{door}_policy"),
        revision_label=REVISION_LABEL,
        revision=staged.revision,
        label=DIGEST_LABEL,
        digest=digest,
        **values,
    )


def digest_in(command: Command) -> str:
    """The digest a deploy command labels its function with."""
    return next(word.rsplit("=", 1)[1] for word in command.argv if word.startswith("--update-labels="))


def function(door: str, settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged]) -> list[Change]:
    digest = digest_in(deploy_command(settings, standing, staged[door]))
    found = standing.named("functions", settings.function(door))
    if door == "on_appointment" and found.get("state") == "ACTIVE" and not standing.trigger(settings):
        raise _has_no_trigger(settings)
    if door == "on_appointment" and (other := _other_path(found, settings)):
        raise _is_of_another_kind(settings, other)
    if why := _why_deploy(found, digest, settings, standing, door):
        return [deploy_command(settings, standing, staged[door], why)]
    if earlier := traffic.earlier_revision(standing.named("run_services", settings.function(door))):
        return [traffic.to_latest(settings, door, earlier)]
    return []


def undo(door: str, settings: InfraSettings, standing: Standing) -> list[Change]:
    if not standing.named("functions", settings.function(door)):
        return []
    line = "functions delete {function} --gen2 --region={region}"
    return [gcloud(settings, line, reason=f"{door}, and its trigger if any", function=settings.function(door))]


def part(door: str, staged: Mapping[str, Staged]) -> DeployPart:
    return DeployPart(
        f"function {door}",
        lambda settings, standing: function(door, settings, standing, staged),
        lambda settings, standing, _removal: undo(door, settings, standing),
    )


CHANGED = (  # a part of a field's path, and what a person calls it
    ("environmentVariables", "a variable"),
    ("ingressSettings", "who may reach it"),
    ("eventTrigger.serviceAccountEmail", "its trigger's account"),
    ("serviceAccount", "its account"),
    ("retryPolicy", "that a failed delivery is sent again"),
    ("eventTrigger", "what triggers it"),
    ("buildConfig", "how it is built"),
    ("", "its size"),
)


def _why_deploy(found: Mapping[str, Any], digest: str, settings: InfraSettings, standing: Standing, door: str) -> str:
    """Why a function must be deployed; empty if what stands is what is wanted."""
    if not found:
        return "new"
    if found.get("labels", {}).get(DIGEST_LABEL) != digest:
        return "its source or its configuration changed"
    if found.get("state", "ACTIVE") != "ACTIVE":
        return f"its last deploy left it {found['state']}"
    paths = differences(found, as_api_has_it(settings, standing, door))
    given = found.get("serviceConfig", {}).get("environmentVariables", {})
    ours = variables_of(settings, door, standing.number)
    paths += [f"environmentVariables.{name}" for name in given if name in DEFAULTS and name not in ours]
    service = standing.named("run_services", settings.function(door))
    paths += differences(_said_by(service, shape_of(settings, door)), asdict(shape_of(settings, door)))
    return next((f"{what} was changed by hand" for path in paths for part, what in CHANGED if part in path), "")


def as_api_has_it(settings: InfraSettings, standing: Standing, door: str) -> dict[str, Any]:
    """The function as Google tells it after a deploy: every field that the deploy sets."""
    shape = shape_of(settings, door)
    wanted: dict[str, Any] = {
        "buildConfig": {"runtime": settings.runtime, "entryPoint": door},
        "serviceConfig": {
            "environmentVariables": variables_of(settings, door, standing.number),
            "availableMemory": shape.memory,
            "availableCpu": shape.cpu,
            "maxInstanceRequestConcurrency": shape.concurrency,
            "minInstanceCount": shape.min_instances,
            "maxInstanceCount": shape.max_instances,
            "timeoutSeconds": shape.timeout,
            "ingressSettings": INGRESS[door][1],
            "serviceAccountEmail": settings.account(door),
        },
    }
    if door == "on_appointment":
        wanted["eventTrigger"] = {
            "eventType": "google.cloud.firestore.document.v1.written",
            "serviceAccountEmail": settings.account("events"),
            "retryPolicy": "RETRY_POLICY_RETRY",
        }
    return wanted


def _said_by(service: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The sizes as the function's Cloud Run service has them: it can be changed past the function.

    What it does not say counts as wanted: what a service leaves out is Google's to know.
    """
    template = service.get("spec", {}).get("template", {})
    scale = template.get("metadata", {}).get("annotations", {})
    spec = template.get("spec", {})
    containers: list[dict[str, Any]] = spec.get("containers") or [{}]
    limits = containers[0].get("resources", {}).get("limits", {})
    said = {
        "memory": limits.get("memory"),
        "cpu": limits.get("cpu"),
        "concurrency": spec.get("containerConcurrency"),
        "min_instances": scale.get("autoscaling.knative.dev/minScale"),
        "max_instances": scale.get("autoscaling.knative.dev/maxScale"),
        "timeout": spec.get("timeoutSeconds"),
    }
    return {**asdict(shape), **{name: value for name, value in said.items() if value is not None}}


def _has_no_trigger(settings: InfraSettings) -> CommandFailedError:
    """Google does not say that a deploy over a function makes a deleted trigger again; deleting both first does."""
    name = settings.function("on_appointment")
    return CommandFailedError(
        f"step: function on_appointment\n{name} stands without its trigger, so nothing is counted.\nwhat to do:\n"
        f"  gcloud functions delete {name} --gen2 --region={settings.region} --project={settings.project}\n"
        "  make deploy\n  make rebuild      15 minutes later: it counts what was completed meanwhile"
    )


def _other_path(found: Mapping[str, Any], settings: InfraSettings) -> str:
    """The path that on_appointment listens to where it is a deployment's of the other kind."""
    filters: list[dict[str, str]] = found.get("eventTrigger", {}).get("eventFilters", [])
    listens = next((one.get("value", "") for one in filters if one.get("attribute") == "document"), "")
    return listens if listens and listens != chain.path(settings) else ""


def _is_of_another_kind(settings: InfraSettings, other: str) -> CommandFailedError:
    """A trigger's path stays what it was made with, and a deployment is of one kind."""
    name = settings.function("on_appointment")
    return CommandFailedError(
        f"step: function on_appointment\n{name} listens to {other}, and chain = {str(settings.chain).lower()} wants "
        f"{chain.path(settings)}: a deployment is of one kind.\nwhat to do: docs/chain.md, 'Moving a shop in', then\n"
        f"  gcloud functions delete {name} --gen2 --region={settings.region} --project={settings.project}\n"
        "  make deploy"
    )


def foreign_functions(settings: InfraSettings, standing: Standing) -> list[str]:
    """Functions of our names that this tool did not make: they are somebody's, so nothing is deployed over them."""
    found = [(door, standing.named("functions", settings.function(door))) for door in DOORS]
    return [settings.function(door) for door, one in found if one and DIGEST_LABEL not in one.get("labels", {})]
