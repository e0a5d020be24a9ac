"""Every setting of Restock: its variable, default, unit, meaning and the doors that read it, declared once.

The README's table, the deploy tool and the local stack are checked against this file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from restock import written
from restock.errors import SettingsError
from restock.setting_kinds import (
    account,
    address,
    days_list,
    flag,
    host_and_port,
    names,
    number,
    one_of,
    origins,
    queue,
    text,
    time_zone,
    whole,
)

ON_APPOINTMENT, RETRAIN, FORECAST = "on_appointment", "retrain", "forecast"
SWEEP = "sweep"
"""Retrain's code as a job, for a chain: it reads what retrain reads, and a setting of its own."""
EVERY_DOOR = (ON_APPOINTMENT, RETRAIN, FORECAST)
COUNTING_DOORS = (ON_APPOINTMENT, RETRAIN)


def setting(  # noqa: PLR0913  # a setting's declaration, all named
    variable: str,
    help: str,
    *,
    parse: Callable[[str], Any] = text,
    default: Any = MISSING,
    doors: tuple[str, ...] = EVERY_DOOR,
    unit: str = "",
) -> Any:
    """Declare one setting. Without a default it is required by every door that reads it."""
    metadata = {
        "variable": variable,
        "help": help,
        "parse": parse,
        "doors": doors,
        "unit": unit,
        "required": default is MISSING,
    }
    return field(default=None if default is MISSING else default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one process. Build it with :meth:`from_env`; fields a door does not read keep their defaults."""

    project: str = setting("GOOGLE_CLOUD_PROJECT", "The Google Cloud project.")
    bucket: str = setting("RESTOCK_BUCKET", "The bucket that holds history and models.", doors=(RETRAIN, FORECAST))
    time_zone: str = setting("SHOP_TIME_ZONE", "The shop's time zone: where its days begin.", parse=time_zone)
    is_chain: bool = setting(
        "RESTOCK_CHAIN",
        "Many shops: appointments lie at shops/{shop}/appointments/{id}, each shop's settings in restock_shops/{shop}.",
        parse=flag,
        default=False,
        unit="true or false",
    )
    sweep_hour: int = setting(
        "SWEEP_HOUR",
        "A chain's nightly sweep takes a shop from this hour of its own day on.",
        parse=whole(0, 23),
        default=2,
        doors=(SWEEP,),
        unit="hour",
    )
    completed_statuses: frozenset[str] = setting(
        "COMPLETED_STATUSES",
        "What counts as completed; compared trimmed, without case, and whole.",
        parse=names,
        default=frozenset({"completed", "complete"}),
        unit="words separated by commas",
    )
    history_start: date = setting(
        "HISTORY_START",
        "Earlier days are taken for typing errors.",
        parse=written.day,
        default=date(2010, 1, 1),
        doors=COUNTING_DOORS,
        unit="YYYY-MM-DD",
    )
    keep_usage_when_deleted_after_days: int | None = setting(
        "KEEP_USAGE_WHEN_DELETED_AFTER_DAYS",
        "Deleting an appointment whose day is at least this old keeps its usage; unset: deleting always withdraws.",
        parse=whole(1, 36_500),
        default=None,
        doors=COUNTING_DOORS,
        unit="days",
    )
    retrain_threshold: int = setting(
        "RETRAIN_THRESHOLD",
        "Completions awaiting training that lead to a retrain.",
        parse=whole(1, 100_000),
        default=10,
        doors=COUNTING_DOORS,
        unit="completions",
    )
    retrain_queue: str = setting(
        "RETRAIN_QUEUE",
        "The Cloud Tasks queue of retrains: projects/P/locations/L/queues/Q.",
        parse=queue,
        doors=COUNTING_DOORS,
    )
    retrain_url: str = setting(
        "RETRAIN_URL", "Where the retrain function answers.", parse=address, doors=COUNTING_DOORS
    )
    retrain_invoker: str = setting(
        "RETRAIN_INVOKER",
        "The service account in whose name the queue calls retrain; empty: no token.",
        parse=account,
        default="",
        doors=COUNTING_DOORS,
    )
    tasks_emulator_host: str = setting(
        # Not CLOUD_TASKS_EMULATOR_HOST: the Firebase CLI sets that to an emulator that speaks otherwise than Google.
        "TASKS_EMULATOR_HOST",
        "A local Cloud Tasks endpoint, host:port; empty: Google's.",
        parse=host_and_port,
        default="",
        doors=COUNTING_DOORS,
    )
    task_deadline_seconds: int = setting(
        "TASK_DEADLINE_SECONDS",
        "How long the queue waits for one retrain.",
        parse=whole(15, 1800),
        default=1800,
        doors=COUNTING_DOORS,
        unit="seconds",
    )
    retrain_deadline_seconds: int = setting(
        "RETRAIN_DEADLINE_SECONDS",
        "A retrain stops itself after this long.",
        parse=whole(5, 3000),
        default=1500,
        doors=(RETRAIN,),
        unit="seconds",
    )
    lease_seconds: int = setting(
        "LEASE_SECONDS",
        "How long a retrain may hold the lease; longer than the task deadline.",
        parse=whole(5, 7200),
        default=1900,
        doors=(RETRAIN,),
        unit="seconds",
    )
    retry_after_failure_seconds: int = setting(
        "RETRY_AFTER_FAILURE_SECONDS",
        "After a failed or refused retrain, threshold retrains wait this long.",
        parse=whole(0, 86_400),
        default=600,
        doors=(RETRAIN,),
        unit="seconds",
    )
    rebuild_every_days: int = setting(
        "REBUILD_EVERY_DAYS",
        "How often a scheduled retrain re-reads all appointments and checks the history; 0: never.",
        parse=whole(0, 3650),
        default=7,
        doors=(RETRAIN,),
        unit="days",
    )
    rebuild_page_size: int = setting(
        "REBUILD_PAGE_SIZE",
        "Appointments per page of a full read.",
        parse=whole(10, 10_000),
        default=1000,
        doors=(RETRAIN,),
        unit="documents",
    )
    rebuild_parallel: int = setting(
        "REBUILD_PARALLEL",
        "Ranges of document ids that a full read reads at once.",
        parse=whole(1, 60),
        default=4,
        doors=(RETRAIN,),
        unit="ranges",
    )
    closed_days: frozenset[date] = setting(
        "CLOSED_DAYS",
        "Days the shop was or will be closed; no demand there means nothing.",
        parse=days_list,
        default=frozenset(),
        doors=(RETRAIN,),
        unit="YYYY-MM-DD separated by commas",
    )
    learn_within_hours: int = setting(
        "LEARN_WITHIN_HOURS",
        "What was learnt longer ago is learnt anew by the next run of any kind, and an alert says so;"
        " deploys set twice the longest pause of the schedule.",
        parse=whole(1, 8_784),
        default=48,
        doors=(RETRAIN,),
        unit="hours",
    )
    training_budget_seconds: int = setting(
        "TRAINING_BUDGET_SECONDS",
        "Fitting drops its expensive candidates when they would take longer.",
        parse=whole(1, 3000),
        default=600,
        doors=(RETRAIN,),
        unit="seconds",
    )
    keep_versions_days: int = setting(
        "KEEP_VERSIONS_DAYS",
        "Versions and histories younger than this are kept; the last ten always.",
        parse=whole(1, 3650),
        default=90,
        doors=(RETRAIN,),
        unit="days",
    )
    reload_seconds: float = setting(
        "RELOAD_SECONDS",
        "How often a busy instance looks for a new generation.",
        parse=number(0.1, 3600),
        default=10.0,
        doors=(FORECAST,),
        unit="seconds",
    )
    stale_seconds: float = setting(
        "STALE_SECONDS",
        "When the last check is older, the request itself checks first.",
        parse=number(0.1, 86_400),
        default=60.0,
        doors=(FORECAST,),
        unit="seconds",
    )
    reload_wait_ms: int = setting(
        "RELOAD_WAIT_MS",
        "How long such a request waits for its check.",
        parse=whole(0, 30_000),
        default=300,
        doors=(FORECAST,),
        unit="milliseconds",
    )
    forecast_auth: str = setting(
        "FORECAST_AUTH",
        "Who may call: firebase (a Firebase ID token), iam (the platform checks) or public (anyone).",
        parse=one_of("firebase", "iam", "public"),
        default="firebase",
        doors=(FORECAST,),
    )
    require_admin: bool = setting(
        "FORECAST_REQUIRE_ADMIN",
        "In firebase mode: only users whose users/{uid} has role admin and isActive true, or whose token has an admin "
        "claim. false: every account that is neither anonymous nor of an unverified e-mail address.",
        parse=flag,
        default=True,
        doors=(FORECAST,),
        unit="true or false",
    )
    firebase_api_key: str = setting(
        "FIREBASE_WEB_API_KEY",
        "The Firebase web API key with which the page signs people in.",
        default="",
        doors=(FORECAST,),
    )
    cors_origins: tuple[str, ...] | None = setting(
        "CORS_ORIGINS",
        "Origins whose pages may read answers; * is any. Unset: any in firebase and public mode, none in iam mode.",
        parse=origins,
        default=None,
        doors=(FORECAST,),
        unit="origins separated by commas",
    )
    stock_cache_seconds: float = setting(
        "STOCK_CACHE_SECONDS",
        "How long stock on hand read for /v1/restock is reused.",
        parse=number(0, 3600),
        default=30.0,
        doors=(FORECAST,),
        unit="seconds",
    )

    orders: str = setting(
        "ORDERS",
        "Who may place orders and say what is known of parts: off (nobody; both can be read), admins (the shop's "
        "active admins; in iam mode every caller the platform lets in) or callers (whoever may call). In public mode "
        "nobody may, but on a local Restock.",
        parse=one_of("off", "admins", "callers"),
        default="admins",
        doors=(FORECAST,),
    )

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """In iam mode a browser reaches forecast through its operator's proxy, with the operator's rights."""
        if self.cors_origins is not None:
            return self.cors_origins
        return () if self.forecast_auth == "iam" else ("*",)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @classmethod
    def from_env(cls, door: str, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings of one door; raise one SettingsError that lists every mistake with its remedy.

        >>> Settings.from_env("forecast", {"GOOGLE_CLOUD_PROJECT": "p", "RESTOCK_BUCKET": "b"})
        Traceback (most recent call last):
        restock.errors.SettingsError: forecast cannot start: SHOP_TIME_ZONE is not set: The shop's time zone: where ...
        """
        env = os.environ if env is None else env
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for declared in fields(cls):
            about = declared.metadata
            if not reads(door, about["doors"]):
                continue
            given = env.get(about["variable"], "").strip()
            if not given:
                if about["required"]:
                    mistakes.append(f"{about['variable']} is not set: {about['help']}")
                continue
            try:
                values[declared.name] = about["parse"](given)
            except ValueError as exc:
                mistakes.append(f"{about['variable']}={given!r} {exc}")
        settings = cls(**values)
        if door in (RETRAIN, SWEEP) and not (
            settings.retrain_deadline_seconds < settings.task_deadline_seconds < settings.lease_seconds
        ):
            # A lease that ends while its holder may still train would let two train at once, for nothing.
            mistakes.append(
                "RETRAIN_DEADLINE_SECONDS must be less than TASK_DEADLINE_SECONDS, and that than LEASE_SECONDS"
            )
        if mistakes:
            raise SettingsError(f"{door} cannot start: " + "; ".join(mistakes))
        return settings


def reads(door: str, doors: tuple[str, ...]) -> bool:
    """Whether a door reads a setting that is declared for these."""
    return door in doors or (door == SWEEP and RETRAIN in doors)


def table() -> str:
    """All settings as the README shows them.

    >>> print(table().splitlines()[0])
    | variable | default | read by | meaning |
    """
    lines = ["| variable | default | read by | meaning |", "|---|---|---|---|"]
    for declared in fields(Settings):
        about = declared.metadata
        shown = "*required*" if about["required"] else _shown(declared.default)
        unit = f" ({about['unit']})" if about["unit"] else ""
        lines.append(f"| `{about['variable']}` | {shown} | {', '.join(about['doors'])} | {about['help']}{unit} |")
    return "\n".join(lines)


def _shown(default: Any) -> str:
    if isinstance(default, (frozenset, tuple)):
        return ", ".join(sorted(map(str, default))) or "*none*"
    if isinstance(default, bool):
        return str(default).lower()
    return "*unset*" if default in (None, "") else str(default)


if __name__ == "__main__":
    print(table())
