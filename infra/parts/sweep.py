"""A chain's sweep: a Cloud Run job with an array of tasks, and where it stands for one shop, its removal.

It is built from a folder of its own (build/sweep/), as our build account, into our repository: ``run jobs deploy
--source`` would build as the project's default account, which in many projects may do nothing. The Procfile of that
folder is the way in; ``--command`` would bypass what makes the libraries found, and without a Procfile a folder with
main.py becomes a web server. Never a function's image: its way in is a server, too.

gcloud never notices that nothing changed, so the job is labelled with a digest as the functions are. The image's tag
is the digest of what it is built from, so only another source, or another Python, is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from infra.chain import job_shape
from infra.command import Change, Command, digest_of, file_flag, gcloud, mapping_flag, words_of
from infra.compare import because, differences
from infra.grants import SOURCES, granted
from infra.parts import KEEPING, DeployPart, Removal
from infra.parts.functions import DEFAULTS, DIGEST_LABEL, REVISION_LABEL, variables_of
from infra.settings import SWEEP, InfraSettings
from infra.stage import Staged
from infra.standing import Body, Standing
from restock.sweeping.turn import TRIES

BUILDER = "gcr.io/buildpacks/builder:latest"
BUILD = """
    builds submit build/sweep --region={region} {config} --gcs-source-staging-dir=gs://{bucket}/{sources}
    --suppress-logs
"""
DEPLOY = """
    run jobs deploy {sweep_job} --region={region} --image={image} --service-account={sweep_account}
    --tasks={tasks} --parallelism={tasks} --max-retries={retries} --task-timeout={seconds}s
    --memory={memory} --cpu={cpu} {variables}
"""
WAYS_IN = ("command", "args")
"""What somebody may have given the job by hand; gcloud leaves it as it is unless told that it is nothing."""
TASK_SECONDS = 6 * 3600
"""A task takes shop after shop; what it does not come to, the next hour's does."""


def image(settings: InfraSettings, staged: Staged) -> str:
    tag = digest_of([staged.digest, settings.runtime])
    return f"{settings.region}-docker.pkg.dev/{settings.project}/{settings.repository}/{settings.sweep_job}:{tag}"


def build_command(settings: InfraSettings, staged: Staged) -> Command:
    name = image(settings, staged)
    python = f"{settings.runtime[6]}.{settings.runtime[7:]}.x"
    pack = {
        "name": "gcr.io/k8s-skaffold/pack",
        "entrypoint": "pack",
        "args": [
            *("build", name, "--builder", BUILDER, "--network", "cloudbuild"),
            *("--env", f"GOOGLE_PYTHON_VERSION={python}"),
        ],
    }
    build = {
        "steps": [pack],
        "images": [name],
        "serviceAccount": f"projects/{settings.project}/serviceAccounts/{settings.account('build')}",
        "options": {"logging": "CLOUD_LOGGING_ONLY"},  # with an account of ours Google wants it said
    }
    config, files = file_flag("--config", "sweep-build.json", build)
    reason = "builds the sweep's image from build/sweep/, whose Procfile says how it is started"
    return gcloud(
        settings,
        BUILD,
        reason=reason,
        files=files,
        config=config,
        sources=SOURCES,
    )


def deploy_command(settings: InfraSettings, standing: Standing, staged: Staged, reason: str) -> Command:
    shape = job_shape(settings)
    values = {
        **asdict(shape),
        "image": image(settings, staged),
        "retries": TRIES - 1,
        "seconds": TASK_SECONDS,
        "variables": mapping_flag("--set-env-vars", variables_of(settings, SWEEP, standing.number)),
    }
    digest = digest_of(words_of(DEPLOY, {**settings.names, **values}))
    found = _container(standing.named("sweep_jobs", settings.sweep_job))
    return gcloud(
        settings,
        DEPLOY + "{cleared} --labels=app=restock,{revision_label}={revision},{label}={digest}",
        reason=reason,
        changes=("sweep_jobs", "sweep_job_policy"),
        cleared=tuple(f"--{way}=" for way in WAYS_IN if found.get(way)),
        revision_label=REVISION_LABEL,
        revision=staged.revision,
        label=DIGEST_LABEL,
        digest=digest,
        **values,
    )


def sweep(settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged]) -> list[Change]:
    if not settings.chain:
        return left_over(settings, standing)
    found = standing.named("sweep_jobs", settings.sweep_job)
    differs = differences(_as_compared(found), as_api_has_it(settings, standing, staged[SWEEP]))
    shape = job_shape(settings)
    reason = because(f"the sweep: every shop learns once on its own day, {shape.tasks} tasks at once", found, differs)
    wanted = deploy_command(settings, standing, staged[SWEEP], reason)
    is_same = found.get("metadata", {}).get("labels", {}).get(DIGEST_LABEL) == digest_in(wanted)
    changes: list[Change] = []
    if not is_same or differs:
        is_built = _container(found).get("image") == image(settings, staged[SWEEP])
        changes = [*([] if is_built else [build_command(settings, staged[SWEEP])]), wanted]
    return [*changes, *granted("sweep_job", settings, standing)]


def digest_in(command: Command) -> str:
    return next(word.rsplit("=", 1)[1] for word in command.argv if word.startswith("--labels="))


def _container(found: Body) -> Body:
    containers: list[Body] = _task(found).get("containers") or [{}]
    return containers[0]


def _execution(found: Body) -> Body:
    execution: Body = found.get("spec", {}).get("template", {}).get("spec", {})
    return execution


def _task(found: Body) -> Body:
    """The template of one task, in that of an execution."""
    task: Body = _execution(found).get("template", {}).get("spec", {})
    return task


def _as_compared(found: Body) -> Body:
    """What was read, without its templates of templates; of the variables, those that Restock reads."""
    execution, task, container = _execution(found), _task(found), _container(found)
    env = {one["name"]: one.get("value", "") for one in container.get("env", []) if one["name"] in DEFAULTS}
    return {**execution, **task, **container, "env": env, **container.get("resources", {}).get("limits", {})}


def as_api_has_it(settings: InfraSettings, standing: Standing, staged: Staged) -> dict[str, Any]:
    """The job as Google tells it: every field that the deploy sets, and that nobody gave it another way in."""
    shape, ours = job_shape(settings), variables_of(settings, SWEEP, standing.number)
    return {
        "taskCount": shape.tasks,
        "parallelism": shape.tasks,
        "maxRetries": TRIES - 1,
        "timeoutSeconds": TASK_SECONDS,
        "serviceAccountName": settings.account(SWEEP),
        "image": image(settings, staged),
        **{way: [] for way in WAYS_IN},
        "env": {name: ours.get(name, "") for name in DEFAULTS},
        "memory": shape.memory,
        "cpu": shape.cpu,
    }


def foreign_job(settings: InfraSettings, standing: Standing) -> list[str]:
    """A job of our name that this tool did not make."""
    found = standing.named("sweep_jobs", settings.sweep_job)
    return [settings.sweep_job] if found and DIGEST_LABEL not in found["metadata"].get("labels", {}) else []


def undo(settings: InfraSettings, standing: Standing, _removal: Removal = KEEPING) -> list[Change]:
    if not standing.named("sweep_jobs", settings.sweep_job):
        return []
    line = "run jobs delete {sweep_job} --region={region}"
    return [gcloud(settings, line, reason="the sweep of a chain", changes=("sweep_jobs",))]


def left_over(settings: InfraSettings, standing: Standing) -> list[Change]:
    """What a chain's deployment left where there is one shop now; its roles are gone by then, as named nowhere."""
    gone = undo(settings, standing)
    account = settings.account(SWEEP)
    if any(one["email"] == account for one in standing.accounts):
        line = "iam service-accounts delete {sweep_account}"
        gone.append(gcloud(settings, line, reason="ran the sweep of a chain", changes=("accounts",)))
    return gone


def part(staged: Mapping[str, Staged]) -> DeployPart:
    return DeployPart("sweep of a chain", lambda settings, standing: sweep(settings, standing, staged), undo)
