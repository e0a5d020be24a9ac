"""From the completion that crosses the threshold to the first answer of the new model, on the whole local stack."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.metering import Spread
from bench.results import Row, Section, count_row, shown
from bench.retrained import furnish, shop_of
from bench.world import Premises
from local import shop
from local.emulators import call
from local.processes import ProcessError
from local.stack import Stack
from restock.stored.names import RUNS

MOST_SECONDS = 900  # the first crossing learns, which takes minutes where much else runs
P50, P95 = 1.5, 2.5
APPOINTMENTS, PARTS, DAYS = 5_000, 40, 365
BEYOND_TRAINING = 3.0
WHOLE = "completed → the forecast answers with it"
PARTS_OF_PATH = (
    "completed → a retrain is asked for",
    "asked for → the queue calls it",
    "called → published and marked",
    "of that, fitting",
    "published → the forecast answers with it",
)


def section(stack: Stack, *, quick: bool) -> Section:
    """The stack's trigger is open, its functions are the ones measured, and somebody keeps asking for forecasts."""
    repeats = 2 if quick else 20
    place = Premises(stack, stack.options.project)
    stack.open_trigger()
    furnish(place, shop_of(place.environment, APPOINTMENTS, PARTS, DAYS), b"{}")
    threshold = int(place.environment.get("RETRAIN_THRESHOLD", 10))
    crossings = [crossing(place, number, threshold) for number in range(repeats + 1)][1:]  # the first warms up
    whole = Spread.of(one[WHOLE] for one in crossings)
    rows = [
        count_row(f"{WHOLE}, p50", whole.p50, P50, unit="s"),
        count_row(f"{WHOLE}, p95", whole.p95, P95, unit="s"),
    ]
    for what in PARTS_OF_PATH:
        spread = Spread.of(one[what] for one in crossings)
        rows.append(Row(what, f"p50 {shown(spread.p50, 's')}, p95 {shown(spread.p95, 's')}"))
    beyond = Spread.of(one["beyond training"] for one in crossings).p95
    wanted = f"≤ {BEYOND_TRAINING:g} s"
    rows.append(
        Row(
            "the whole path beyond fitting, p95",
            shown(beyond, "s"),
            "training time",
            "",
            wanted,
            beyond <= BEYOND_TRAINING,
        )
    )
    return Section("Threshold to served", rows, notes(repeats, threshold, place))


def notes(repeats: int, threshold: int, place: Premises) -> tuple[str, ...]:
    return (
        f"{repeats} crossings of {threshold} completions each, in a shop of {APPOINTMENTS:,} appointments.",
        "Each follows what one before the first had learnt.",
        f"RELOAD_SECONDS is {place.environment['RELOAD_SECONDS']} here; 10 on Google Cloud, which adds up to 9 s.",
        "Somebody asks for a forecast every 20 ms: what answers first is the part after publishing.",
    )


def crossing(place: Premises, number: int, threshold: int) -> dict[str, float]:
    """Complete one appointment after the other until a new generation is served; the seconds of each step."""
    stack, client = place.stack, place.firestore
    day = datetime.now(UTC).date() - timedelta(days=1)
    used = [{"id": f"part-{k:05d}", "name": "", "quantity": 1, "price": 1.0} for k in (1, 2)]
    names = [f"crossing-{number}-{k}" for k in range(threshold)]
    for name in names:
        shop.book_like_the_app(client, name, day=day, now=datetime.now(UTC))
    finished = len(stack.tasks.done(stack.queue))
    generation = served_generation(stack)
    for name in names:
        completed = time.time()
        shop.complete_like_the_app(client, name, used, day=day, now=datetime.now(UTC))
    wait(lambda: served_generation(stack) != generation, "the new model")
    served = time.time()
    wait(lambda: len(stack.tasks.done(stack.queue)) > finished, "the end of the retrain")
    task = stack.tasks.done(stack.queue)[finished]
    # A delivery that came while it ran may have asked once more; that run finds itself below the threshold.
    newest = client.collection(RUNS).order_by("run", direction="DESCENDING").limit(3).stream()
    run = next((one for one in (found.to_dict() for found in newest) if one["status"] == "published"), None)
    if run is None or task.first_attempt is None:
        raise ProcessError("the crossing led to no published run")
    fitting, published = run["seconds"]["fitted"], run["finished_at"].timestamp()
    steps = (
        task.created - completed,
        task.first_attempt - task.created,
        published - task.first_attempt,
        fitting,
        served - published,
    )
    whole = served - completed
    return {
        WHOLE: whole,
        **dict(zip(PARTS_OF_PATH, steps, strict=True)),
        "beyond training": whole - fitting,
    }


def served_generation(stack: Stack) -> Any:
    """The generation the forecast answers with; None before the first."""
    try:
        answer = json.loads(
            call("POST", f"{stack.address['forecast_url']}/forecast_restock_demand", {"forecast_days": 1})
        )
    except OSError:
        return None
    return answer["model"]["generation"]


def wait(is_there: Any, what: str) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise ProcessError(f"{what} did not come within {MOST_SECONDS} s")
        time.sleep(0.02)
