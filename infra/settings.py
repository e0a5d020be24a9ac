"""The one settings file: what it may say, what is taken when it is silent, and every name derived from it.

A mistake that can be known here is refused here, before anything is read or changed: all mistakes at once, each
with its remedy. The functions' own variables are checked with the functions' own code (restock/settings.py).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from infra.cron import longest_pause_hours
from infra.errors import SettingsFileError

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("forecast", "retrain", "on_appointment")  # in the order they are deployed: readers before writers
NEWEST_TESTED_RUNTIME = "python313"
SIZES = {"small": (10, "0 3 * * *"), "medium": (15, "0 3 * * *"), "large": (20, "0 3,15 * * *")}
SHAPE_KEYS = ("memory", "cpu", "concurrency", "min_instances", "max_instances")

FOLLOWS = {
    "GOOGLE_CLOUD_PROJECT": "project",
    "RESTOCK_BUCKET": "bucket",
    "SHOP_TIME_ZONE": "time_zone",
    "RETRAIN_THRESHOLD": "threshold",
    "RETRAIN_URL": "retrain_url",
    "FORECAST_AUTH": "auth",
}
"""Variables that say what a setting says: with both, roles and schedule would go by one, functions by the other."""
FIXED = (
    *("RETRAIN_QUEUE", "RETRAIN_INVOKER", "TASKS_EMULATOR_HOST"),
    *("RETRAIN_DEADLINE_SECONDS", "TASK_DEADLINE_SECONDS", "LEASE_SECONDS"),
)
"""Variables that must fit what a deploy makes: names, and the clocks of a retrain (infra/parts/functions.py)."""

_REQUIRED = ("project", "region", "time_zone", "size", "auth", "alert_email")
_PATTERNS = {
    "project": (r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "6 to 30 lower-case letters, digits and hyphens, first a letter"),
    "region": (r"[a-z]+-[a-z]+[0-9]{1,2}", "a region like europe-west1 or us-central1"),
    "alert_email": (r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", "one e-mail address"),
    "runtime": (r"python3(1[1-9]|[2-9][0-9])", "python311 or newer, written like python313"),
    "bucket": (r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits, hyphens and underscores"),
    "retrain_url": (r"https://[a-z0-9.-]+\.run\.app", "the function's root address, like https://restock-retrain-123.europe-west1.run.app"),
    "schedule": (r"[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}", 'five cron fields, like "0 3 * * *"'),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class InfraSettings:
    """The settings file, complete: defaults filled in, names derived."""

    project: str
    region: str
    time_zone: str
    size: str
    auth: str
    alert_email: str
    threshold: int
    schedule: str
    runtime: str = NEWEST_TESTED_RUNTIME
    bucket: str = ""
    callers: tuple[str, ...] = ()
    retrain_url: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    # Names. All begin with "restock", so that nothing of the shop's app is ever taken for ours.
    queue: ClassVar[str] = "restock-retrain"
    job: ClassVar[str] = "restock-retrain"
    repository: ClassVar[str] = "restock"
    dead_topic: ClassVar[str] = "restock-dead-events"
    dead_subscription: ClassVar[str] = "restock-dead-events"
    dashboard: ClassVar[str] = "Restock"
    channel: ClassVar[str] = "Restock alerts"

    def function(self, door: str) -> str:
        """The name of a door's function and of its Cloud Run service (which knows no underscore)."""
        return f"restock-{door.replace('_', '-')}"

    def account(self, role: str) -> str:
        return f"restock-{role.replace('_', '-')}@{self.project}.iam.gserviceaccount.com"

    @property
    def queue_path(self) -> str:
        return f"projects/{self.project}/locations/{self.region}/queues/{self.queue}"

    def service_url(self, door: str, project_number: str) -> str:
        """The address Cloud Run gives a service of this name, known before the service exists."""
        return f"https://{self.function(door)}-{project_number}.{self.region}.run.app"

    def schedule_interval_hours(self) -> int:
        """The longest pause between two scheduled retrains."""
        return longest_pause_hours(self.schedule)


def load(path: Path) -> InfraSettings:
    """Read the settings file; raise one error that lists every mistake."""
    if not path.is_file():
        raise SettingsFileError(
            f"{path} does not exist. Copy infra/settings.example.toml there, edit its first block and run this again."
        )
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsFileError(f"{path} is not TOML: {exc}. Compare it with infra/settings.example.toml.") from exc
    return complete(given, where=str(path))


def complete(given: Mapping[str, Any], where: str = "settings") -> InfraSettings:
    """Check what a file says and fill in the rest.

    >>> complete({"project": "my-shop", "region": "europe-west1", "time_zone": "Europe/Paris", "size": "large",
    ...           "auth": "iam", "alert_email": "a@b.de"}).threshold
    20
    """
    mistakes = [*_unknown_keys(given), *_wrong_values(given)]
    if mistakes:
        raise SettingsFileError(f"{where} cannot be used:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes))
    values = {key: value for key, value in given.items() if key not in {*DOORS, "callers", "variables"}}
    threshold, schedule = SIZES[given["size"]]
    values.setdefault("threshold", threshold)
    values.setdefault("schedule", schedule)
    values["bucket"] = given.get("bucket") or f"{given['project']}-restock"
    values["callers"] = tuple(given.get("callers", ()))
    values["variables"] = dict(given.get("variables", {}))
    values["shapes"] = {door: dict(given.get(door, {})) for door in DOORS}
    return InfraSettings(**values)


def _unknown_keys(given: Mapping[str, Any]) -> list[str]:
    known = {declared.name for declared in fields(InfraSettings)} - {"shapes"} | set(DOORS)
    shapes = {door: given[door] for door in DOORS if isinstance(given.get(door), Mapping)}
    return [_did_you_mean(key, known) for key in given if key not in known] + [
        f"[{door}] {_did_you_mean(key, SHAPE_KEYS)}"
        for door, shape in shapes.items()
        for key in shape
        if key not in SHAPE_KEYS
    ]


def _did_you_mean(key: str, known: Any) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"{key} is not a setting; " + (
        f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"
    )


def _wrong_values(given: Mapping[str, Any]) -> list[str]:
    mistakes = [f"{key} is missing; see infra/settings.example.toml" for key in _REQUIRED if key not in given]
    for key, (pattern, remedy) in _PATTERNS.items():
        value = given.get(key)
        if value not in (None, "") and not (isinstance(value, str) and re.fullmatch(pattern, value)):
            mistakes.append(f"{key} = {value!r} is refused; write {remedy}")
        elif value == "" and key in _REQUIRED:
            mistakes.append(f"{key} is empty; write {remedy}")
    for key, choices in {"size": tuple(SIZES), "auth": ("firebase", "iam", "public")}.items():
        if key in given and given[key] not in choices:
            mistakes.append(f"{key} = {given[key]!r} is none of {', '.join(choices)}")
    if not mistakes and given.get("schedule"):
        mistakes += _wrong_schedule(given["schedule"])
    mistakes += _wrong_time_zone(given.get("time_zone", "UTC"))
    threshold = given.get("threshold", 1)
    if type(threshold) is not int or not 1 <= threshold <= 100_000:
        mistakes.append(f"threshold = {threshold!r} is refused; write a whole number from 1 to 100000")
    for caller in given.get("callers", ()):
        if not re.fullmatch(r"(user|group|serviceAccount|domain):\S+", str(caller)):
            mistakes.append(f"callers names {caller!r}; write user:, group:, serviceAccount: or domain: before it")
    if given.get("callers") and given.get("auth") != "iam":
        mistakes.append('callers is only for auth = "iam"; remove it or change auth')
    for name, value in dict(given.get("variables", {})).items():
        if not isinstance(value, str):
            mistakes.append(f"[variables] {name} = {value!r} is not text; write it in quotes")
        if name in FOLLOWS:
            mistakes.append(f"[variables] {name} follows from {FOLLOWS[name]}; remove it and set {FOLLOWS[name]}")
        if name in FIXED:
            mistakes.append(f"[variables] {name} must fit what the deploy makes, which sets it; remove it")
    return mistakes + _wrong_shapes(given)


def _wrong_time_zone(name: Any) -> list[str]:
    try:
        ZoneInfo(name)
    except Exception:  # ZoneInfo raises whatever the file system raised for an odd name
        return [f"time_zone = {name!r} is not a time zone; write one like Europe/London"]
    return []


def _wrong_schedule(schedule: str) -> list[str]:
    try:
        longest_pause_hours(schedule)
    except ValueError as exc:
        return [f'schedule = {schedule!r} is refused ({exc}); write five cron fields, like "0 3 * * *"']
    return []


def _wrong_shapes(given: Mapping[str, Any]) -> list[str]:
    mistakes = []
    for door in DOORS:
        shape = given.get(door, {})
        if not isinstance(shape, Mapping):
            mistakes.append(f"{door} is not a table; write [{door}] and the keys below it")
            continue
        if "memory" in shape and not re.fullmatch(r"[1-9]\d*(Mi|Gi)", str(shape["memory"])):
            mistakes.append(f"[{door}] memory = {shape['memory']!r} is refused; write it like 512Mi or 2Gi")
        for key, low in (("cpu", 1), ("concurrency", 1), ("min_instances", 0), ("max_instances", 1)):
            if key in shape and (type(shape[key]) is not int or not low <= shape[key] <= 1000):
                mistakes.append(f"[{door}] {key} = {shape[key]!r} is refused; write a whole number from {low}")
        if door == "retrain" and shape.get("max_instances", 1) != 1:
            mistakes.append("[retrain] max_instances must stay 1: one trainer at a time")
        if door == "retrain" and shape.get("concurrency", 2) < 2:
            mistakes.append("[retrain] concurrency must be at least 2: a second caller must be answered, not queued")
    return mistakes
