"""The one settings file: what it may say, what is taken when it is silent, and every name derived from it.

A mistake that can be known here is refused here, before anything is read or changed: all mistakes at once, each
with its remedy (:mod:`infra.typed`). The functions' own variables are checked with the functions' own code
(restock/settings.py).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from infra.cron import Schedule
from infra.errors import SettingsFileError
from infra.regions import REGIONS
from infra.typed import WrongError, choice, model_of, pairs, read_by, table, text, texts, whole, yes_or_no
from restock.stored import names

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("forecast", "retrain", "on_appointment")  # in the order they are deployed: readers before writers
SWEEP = "sweep"  # a chain's fourth: no function but a job
ACCOUNT_NAMES = (*DOORS, SWEEP, "build", "events", "tasks", "schedule")
"""What a service account is for (infra/grants.py says more); its name says it too."""
NEWEST_TESTED_RUNTIME = "python313"
SIZES = {"small": (10, "0 3 * * *"), "medium": (15, "0 3 * * *"), "large": (20, "0 3,15 * * *")}
EVERY_HOUR = "0 * * * *"
"""When a chain's sweep starts: it is night somewhere at every hour, and finding nothing to do costs next to nothing."""
SHOPS = 100

FOLLOWS = {
    "GOOGLE_CLOUD_PROJECT": "project",
    "RESTOCK_BUCKET": "bucket",
    "SHOP_TIME_ZONE": "time_zone",
    "RETRAIN_THRESHOLD": "threshold",
    "RETRAIN_URL": "retrain_url",
    "FORECAST_AUTH": "auth",
    "LEARN_WITHIN_HOURS": "schedule",
    "RESTOCK_CHAIN": "chain",
}
"""Variables that say what a setting says: with both, roles and schedule would go by one, functions by the other."""
FIXED = (
    *("RETRAIN_QUEUE", "RETRAIN_INVOKER", "TASKS_EMULATOR_HOST"),
    *("RETRAIN_DEADLINE_SECONDS", "TASK_DEADLINE_SECONDS", "LEASE_SECONDS"),
)
"""Variables that must fit what a deploy makes: names, and the clocks of a retrain (infra/parts/functions.py)."""


def _wrong_variable(name: str) -> str:
    if name in FOLLOWS:
        return f"follows from {FOLLOWS[name]}; remove it and set {FOLLOWS[name]}"
    return "must fit what the deploy makes, which sets it; remove it" if name in FIXED else ""


def _wrong_region(name: str) -> str:
    if name in REGIONS:
        return ""
    close = difflib.get_close_matches(name, REGIONS, n=1)
    return "is no region that functions run in; " + (f"did you mean {close[0]}?" if close else "see infra/regions.py")


def _wrong_zone(name: str) -> str:
    if name.lower() in {"localtime", "local", "system"}:
        return "means the zone of whatever machine reads it; write the shop's, like Europe/London"
    try:
        ZoneInfo(name)
    except Exception:  # ZoneInfo raises whatever the file system raised for an odd name
        return "is not a time zone; write one like Europe/London"
    return ""


def _wrong_schedule(schedule: str) -> str:
    try:
        Schedule.read(schedule)
    except ValueError as exc:
        return f'is refused ({exc}); write five cron fields, like "0 3 * * *"'
    return ""


def _rotations(key: str, value: Any) -> Mapping[str, int]:
    """Which account is now the how manieth of its name; `python3 -m infra rotate` writes it."""
    if not isinstance(value, dict):
        raise WrongError(f"{key} = {value!r} is not a table; write [{key}] and the names below it")
    mistakes = [
        f"[{key}] {name} = {number!r} is refused; write one of {', '.join(ACCOUNT_NAMES)} and a number from 2 to 99"
        for name, number in value.items()
        if name not in ACCOUNT_NAMES or type(number) is not int or not 2 <= number <= 99
    ]
    if mistakes:
        raise WrongError(*mistakes)
    return value


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes of one function, as far as the file says them."""

    memory: str | None = read_by(text(r"[1-9]\d*(Mi|Gi)", "it like 512Mi or 2Gi"), default=None)
    cpu: int | None = read_by(whole(1, 8), default=None)
    concurrency: int | None = read_by(whole(1, 1000), default=None)
    min_instances: int | None = read_by(whole(0, 1000), default=None)
    max_instances: int | None = read_by(whole(1, 1000), default=None)


@dataclass(frozen=True, kw_only=True)
class JobSizes:
    """The sizes of a chain's sweep, as far as the file says them; how many tasks follows from the shops."""

    memory: str | None = read_by(text(r"[1-9]\d*(Mi|Gi)", "it like 512Mi or 2Gi"), default=None)
    cpu: int | None = read_by(whole(1, 8), default=None)
    tasks: int | None = read_by(whole(1, 10_000), default=None)


def _wrong_retrain(sizes: Sizes) -> list[str]:
    """For one shop; for a chain both follow from the number of shops (:mod:`infra.chain`)."""
    mistakes = []
    if sizes.max_instances not in (None, 1):
        mistakes.append("[retrain] max_instances must stay 1: one trainer at a time")
    if sizes.concurrency == 1:
        mistakes.append("[retrain] concurrency must be at least 2: a second caller must be answered, not queued")
    return mistakes


def _wrong_together(read: InfraSettings) -> list[str]:
    """What only two settings together are wrong about."""
    mistakes = []
    if read.callers and read.auth != "iam":
        mistakes.append('callers is only for auth = "iam"; remove it or change auth')
    if read.auth == "public" and read.variables.get("ORDERS", "").strip() == "callers":
        mistakes.append(
            'ORDERS = "callers" would let anybody who finds the address write; with auth = "public" remove it'
        )
    if not read.chain:
        if read.shops:
            mistakes.append("shops is only for a chain; remove it or write chain = true")
        if read.sweep != JobSizes() or "SWEEP_HOUR" in read.variables:
            mistakes.append("[sweep] and SWEEP_HOUR are only for a chain; remove them or write chain = true")
        return mistakes + _wrong_retrain(read.retrain)
    if read.retrain.max_instances is not None or read.retrain.concurrency is not None:
        mistakes.append("[retrain] max_instances and concurrency follow from shops in a chain; remove them")
    return mistakes


@dataclass(frozen=True, kw_only=True)
class InfraSettings:
    """The settings file, complete: defaults filled in, names derived."""

    project: str = read_by(
        text(
            r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
            "6 to 30 lower-case letters, digits and hyphens, first a letter (a project of a domain, example.com:name, "
            "names its accounts otherwise and is not supported)",
        )
    )
    region: str = read_by(text(r"[a-z]+-[a-z]+[0-9]{1,2}", "a region like europe-west1 or us-central1", _wrong_region))
    time_zone: str = read_by(text(r"\S+", "a time zone like Europe/London", _wrong_zone))
    size: str = read_by(choice(*SIZES))
    auth: str = read_by(choice("firebase", "iam", "public"))
    alert_email: str = read_by(text(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", "one e-mail address"))
    threshold: int = read_by(whole(1, 100_000), default=0)
    schedule: str = read_by(
        text(r"[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}", 'five cron fields, like "0 3 * * *"', _wrong_schedule), default=""
    )
    runtime: str = read_by(
        text(r"python3(1[1-9]|[2-9][0-9])", "python311 or newer, written like python313"), default=NEWEST_TESTED_RUNTIME
    )
    bucket: str = read_by(
        text(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits, hyphens and underscores"),
        default="",
    )
    callers: tuple[str, ...] = read_by(
        texts(
            r"(user|group|serviceAccount|domain):\S+", "user:, group:, serviceAccount: or domain: before each address"
        ),
        default=(),
    )
    retrain_url: str = read_by(
        text(
            r"https://[a-z0-9.-]+\.run\.app",
            "the function's root address, like https://restock-retrain-123.europe-west1.run.app",
        ),
        default="",
    )
    queue: str = read_by(
        text(r"[A-Za-z0-9-]{1,100}", "letters, digits and hyphens, at most 100"), default="restock-retrain"
    )
    make_database: bool = read_by(yes_or_no, default=False)
    chain: bool = read_by(yes_or_no, default=False)
    shops: int = read_by(whole(1, 100_000), default=0)
    monthly_budget: int = read_by(whole(0, 1_000_000), default=50)
    variables: Mapping[str, str] = field(default_factory=dict, metadata={"reader": pairs(_wrong_variable)})
    forecast: Sizes = read_by(table(Sizes), default=Sizes())
    retrain: Sizes = read_by(table(Sizes), default=Sizes())
    on_appointment: Sizes = read_by(table(Sizes), default=Sizes())
    sweep: JobSizes = read_by(table(JobSizes), default=JobSizes())
    rotated: Mapping[str, int] = field(default_factory=dict, metadata={"reader": _rotations})
    new_bucket: bool = False  # said with a deploy, once, never in the file (infra/parts/storage.py)

    # Names. All begin with "restock", so that nothing of the shop's app is ever taken for ours.
    sweep_job: ClassVar[str] = "restock-sweep"
    repository: ClassVar[str] = "restock"
    dead_topic: ClassVar[str] = names.DEAD_LETTERS
    dead_subscription: ClassVar[str] = names.DEAD_LETTERS
    dashboard: ClassVar[str] = "Restock"
    channel: ClassVar[str] = "Restock alerts"

    @property
    def job(self) -> str:
        """The schedule's name, after what it starts: of the two kinds each has its own."""
        return self.schedule_of(chain=self.chain)

    @staticmethod
    def schedule_of(*, chain: bool) -> str:
        return "restock-sweep" if chain else "restock-retrain"

    @property
    def budget(self) -> str:
        """Its name names the project, for a billing account may pay for several."""
        return f"Restock {self.project}"

    def function(self, door: str) -> str:
        """The name of a door's function and of its Cloud Run service (which knows no underscore)."""
        return f"restock-{door.replace('_', '-')}"

    def account(self, role: str) -> str:
        number = f"-{self.rotated[role]}" if role in self.rotated else ""
        return f"restock-{role.replace('_', '-')}{number}@{self.project}.iam.gserviceaccount.com"

    def is_rotated_out(self, email: str) -> bool:
        """Whether an account was one of ours until another took its place (infra/parts/rotation.py)."""
        ours = re.fullmatch(rf"restock-([a-z-]+?)(-\d+)?@{self.project}\.iam\.gserviceaccount\.com", email)
        name = ours[1].replace("-", "_") if ours else ""
        return name in ACCOUNT_NAMES and email != self.account(name)

    def sizes(self, door: str) -> Sizes:
        return {"forecast": self.forecast, "retrain": self.retrain, "on_appointment": self.on_appointment}[door]

    @property
    def writes_orders(self) -> bool:
        """Whether forecast ever writes: in public mode nobody is known, and nobody may."""
        return self.auth != "public" and self.variables.get("ORDERS", "").strip() != "off"

    @property
    def queue_path(self) -> str:
        return f"projects/{self.project}/locations/{self.region}/queues/{self.queue}"

    def service_url(self, door: str, project_number: str) -> str:
        """The address Cloud Run gives a service of this name, known before the service exists."""
        return f"https://{self.function(door)}-{project_number}.{self.region}.run.app"

    def schedule_interval_hours(self) -> int:
        """The longest pause between two starts of the schedule."""
        return Schedule.read(self.schedule).longest_pause_hours()

    def learns_every_hours(self) -> int:
        """The longest time between two learnings of a shop; a chain's sweep takes each once a day, often as it runs."""
        return max(24, self.schedule_interval_hours()) if self.chain else self.schedule_interval_hours()

    @property
    def names(self) -> dict[str, str]:
        """What every command line may name in braces (:func:`infra.command.gcloud`)."""
        return {
            **{name: getattr(self, name) for name in ("project", "region", "bucket", "queue", "job", "repository")},
            **{name: getattr(self, name) for name in ("dead_topic", "dead_subscription", "sweep_job")},
            **{f"{door}_function": self.function(door) for door in DOORS},
            **{f"{role}_account": self.account(role) for role in ACCOUNT_NAMES},
        }


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
    try:
        read = model_of(InfraSettings, given)
        if mistakes := _wrong_together(read):
            raise WrongError(*mistakes)
    except WrongError as exc:
        told = "\n".join(f"  - {mistake}" for mistake in exc.mistakes)
        raise SettingsFileError(f"{where} cannot be used:\n{told}") from exc
    threshold, schedule = SIZES[read.size]
    return replace(
        read,
        threshold=read.threshold or threshold,
        schedule=read.schedule or (EVERY_HOUR if read.chain else schedule),
        shops=read.shops or (SHOPS if read.chain else 0),
        bucket=read.bucket or f"{read.project}-restock",
    )
