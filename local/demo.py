"""The finite story of Restock: a shop's past, its first forecast, ten completed appointments, a better forecast.

Everything in it is real: the processes, the triggers, the queue, the training. Only the shop is invented.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from local import machine, shop
from local.console import bold, dim, say
from local.emulators import call
from local.processes import ProcessError, free_port
from local.queues import Task
from local.setup import ROOT
from local.stack import Options, Stack
from restock.stored import names
from restock.stored.run_record import FOLLOW, LEARN

PLACE = ROOT / ".local" / "demo"
COMPLETIONS = 10
STAR = "Brake Disc Rear"
"""A slow mover that the ten completions use much of, so that its forecast visibly moves."""


@dataclass(frozen=True)
class ForecastAnswer:
    at: float
    status: int
    generation: object
    totals: dict[str, int]


class Client:
    """Asks for the forecast ten times a second, like a busy dashboard, and notes every answer."""

    def __init__(self, url: str) -> None:
        self.answers: list[ForecastAnswer] = []
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _poll(self) -> None:
        while not self._stop.wait(0.1):
            self.answers.append(ask(self._url, days=30))

    def first_other_than(self, generation: object) -> ForecastAnswer | None:
        return next((one for one in self.answers if one.status == 200 and one.generation != generation), None)


def ask(url: str, *, days: int) -> ForecastAnswer:
    """One request as the app makes it."""
    try:
        body = json.loads(call("POST", f"{url}/forecast_restock_demand", {"forecast_days": days}))
        return ForecastAnswer(time.time(), 200, body["model"]["generation"], body["total_restock_demand"])
    except urllib.error.HTTPError as exc:
        return ForecastAnswer(time.time(), exc.code, None, {})
    except OSError:
        return ForecastAnswer(time.time(), 0, None, {})


def run() -> None:
    """Tell the story; raises ProcessError if any of it does not happen."""
    began = time.monotonic()
    shutil.rmtree(PLACE, ignore_errors=True)
    say(bold("Restock, from an empty project to a forecast that follows the shop."))
    say(dim(f"Everything runs on this machine only; logs in {(PLACE / 'logs').relative_to(ROOT)}"))
    options = Options(
        log_dir=PLACE / "logs", state_file=PLACE / "stack.json", forecast_port=free_port(), is_trigger_live=False
    )
    stack = Stack(options)
    try:
        with step("Start Firestore, Cloud Storage, Cloud Tasks and the three functions"):
            stack.start()
        tell(stack)
        say(f"\n{bold('Done')} in {time.monotonic() - began:.0f} s. `make up` keeps the stack running.")
    except (OSError, AssertionError, LookupError, ValueError) as exc:
        stack.check()  # a process that ended explains more than the request it left unanswered
        raise ProcessError(f"the demo did not go as it should: {exc!r}") from exc
    finally:
        stack.stop()


def tell(stack: Stack) -> None:
    client = firestore_client(stack)
    url = stack.address["forecast_url"]
    today = datetime.now(ZoneInfo(stack.environment["SHOP_TIME_ZONE"])).date()

    with step("Load a shop's last 180 days"):
        documents = shop.load(client, shop.history(today - timedelta(days=1)))
    say(f"    {documents} documents: {len(shop.catalogue())} parts and their appointments, messy records among them")
    stack.open_trigger()

    with step("Train for the first time"):
        stack.ask_for_retrain("schedule")
        before = wait(stack, "the first forecast", lambda: served(url, days=30), seconds=120)
        # The forecast may answer before the run has written down what it did.
        wait(stack, "the retrain to end", lambda: stack.tasks.done(stack.queue) or None, seconds=60)
    say(f"    {published(client)}")

    show_forecast(url)
    used = {part.name: part for part in shop.parts()}[STAR]
    say(f"\n  {bold(f'Complete {COMPLETIONS} appointments')} as the app does, each with 2 × {STAR}")
    say(dim("    while a client asks for the forecast ten times a second"))
    with Client(url) as polling:
        completed = complete(client, used, today)
        after = wait(stack, "the new version", lambda: polling.first_other_than(before.generation), seconds=180)
        wait(stack, "the retrain to end", lambda: len(stack.tasks.done(stack.queue)) >= 2 or None, seconds=60)
        time.sleep(0.5)
    timeline(stack, completed, after)
    say(f"    {two_speeds(client)}")
    statuses = sorted({one.status for one in polling.answers})
    say(f"    meanwhile {len(polling.answers)} forecasts were asked for; statuses seen: {statuses}")
    assert statuses == [200], f"statuses {statuses}"

    say(f"\n  {bold('What the forecast for 30 days says now')}")
    moved = sorted(after.totals, key=lambda name: -abs(after.totals[name] - before.totals.get(name, 0)))
    for name in moved[:4]:
        say(f"    {name:24} {before.totals.get(name, 0):5} → {after.totals[name]:5}")
    assert after.totals[STAR] > before.totals[STAR], f"the forecast of {STAR} did not grow"
    picture(url)


@contextmanager
def step(title: str) -> Iterator[None]:
    began = time.monotonic()
    say(f"\n  {bold(title)}")
    yield
    say(f"    {time.monotonic() - began:.1f} s")


def wait(stack: Stack, what: str, look: Callable[[], Any], *, seconds: float) -> Any:
    """Look until there is something; a dead process or the time limit ends it with an explanation."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        stack.check()
        time.sleep(0.05)
    raise ProcessError(f"{what} did not come within {seconds:.0f} s; see {stack.options.log_dir}")


def served(url: str, *, days: int) -> ForecastAnswer | None:
    answer = ask(url, days=days)
    return answer if answer.status == 200 else None


def firestore_client(stack: Stack) -> Any:
    """A plain Firestore client, as any other program of the shop would have."""
    from google.cloud import firestore

    os.environ["FIRESTORE_EMULATOR_HOST"] = stack.address["firestore_emulator_host"]
    return firestore.Client(project=stack.address["project"])


def published(client: Any) -> str:
    """What the newest run record says."""
    runs = sorted((run.to_dict() for run in client.collection(names.RUNS).stream()), key=lambda run: run["run"])
    last = runs[-1]
    return f"{last['decision']}; {last['documents']['read']} documents read"


def two_speeds(client: Any) -> str:
    """What the schedule's run learnt is followed by the threshold's, which is why it is so much shorter."""
    runs = {run.get("kind"): run for run in (found.to_dict() for found in client.collection(names.RUNS).stream())}
    learnt, followed = (runs[kind]["seconds"]["fitted"] for kind in (LEARN, FOLLOW))
    follows = runs[FOLLOW]["follows"]
    return f"it follows what run {follows} learnt: {followed:.1f} s of fitting instead of {learnt:.1f} s"


def show_forecast(url: str) -> None:
    week, month = ask(url, days=7), ask(url, days=30)
    say(f"\n  {bold('The busiest parts')}                  7 days  30 days")
    for name in sorted(month.totals, key=lambda name: -month.totals[name])[:6]:
        say(f"    {name:30} {week.totals[name]:7} {month.totals[name]:8}")


def complete(client: Any, used: shop.ShopPart, today: date) -> float:
    """Ten clerks' evenings of the last days; when the tenth was written."""
    for number in range(COMPLETIONS):
        day = today - timedelta(days=1 + number)
        now = datetime.now(UTC)
        shop.book_like_the_app(client, f"demo-{number:02d}", day=day, now=now)
        shop.complete_like_the_app(client, f"demo-{number:02d}", [shop.entry(used, 2)], day=day, now=now)
    return time.time()


def timeline(stack: Stack, completed: float, after: ForecastAnswer) -> None:
    """From the tenth completion to the first answer of the new version, in the order things happened."""
    [task, *_] = [task for task in stack.tasks.done(stack.queue) if b"threshold" in body_of(task)]
    happened = [
        (completed, "the tenth completion is in Firestore"),
        (task.created, "on_appointment has counted it: the threshold is reached, a retrain is in the queue"),
        (task.first_attempt or 0, "the queue calls retrain"),
        (task.finished or 0, "retrain is done: trained, checked, published, changes marked"),
        (after.at, "the first answer from the new version"),
    ]
    for at, what in sorted(happened):
        say(f"    {at - completed:6.2f} s  {what}")


def body_of(task: Task) -> bytes:
    return base64.b64decode(task.request.get("body", ""))


def picture(url: str) -> None:
    """A screenshot of the page, where a Chromium is there to take it."""
    browser = machine.chromium()
    if not browser:
        say(dim("\n  No picture of the page: there is no Chromium here (apt-get install chromium)."))
        return
    target = PLACE / "page.png"
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={profile}", "--window-size=1280,1400", "--virtual-time-budget=5000"]
        with suppress(subprocess.TimeoutExpired):  # a busy machine: the story has been told all the same
            subprocess.run(
                [*command, f"--screenshot={target}", f"{url}/"], capture_output=True, check=False, timeout=60
            )
    if not target.exists():
        say(dim("\n  No picture of the page: Chromium could not take it."))
    else:
        say(f"\n  A picture of the page is in {target.relative_to(ROOT)}")
