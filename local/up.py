"""Keeps the stack running until Ctrl-C, and what one does with a running stack."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from local import running_stack, sample_chain, shop
from local.configuration import USUAL_FORECAST_PORT
from local.console import bold, dim, say, show_line
from local.eventarc import Habits
from local.processes import ProcessError
from local.setup import ROOT
from local.stack import STATE_FILE, Options, Stack


def run(options: Options | None = None) -> None:
    """Start everything and watch it; returns only by an exception."""
    options = options or Options(
        habits=Habits.from_env(), listener=show_line, is_like_cloud_run=os.environ.get("LIKE_CLOUD_RUN") == "true"
    )
    refuse_a_second_stack(options.state_file)
    say("Starting Firestore, Cloud Storage, Cloud Tasks and the three functions ...")
    with Stack(options) as stack:
        url = stack.address["forecast_url"]
        say(f"\n  {bold('The page and the API')}   {url}/")
        if not url.endswith(f":{USUAL_FORECAST_PORT}"):
            say(f"                         not port {USUAL_FORECAST_PORT}, where the existing app looks")
        say(f"  Addresses              {shown(options.state_file)}")
        say(f"  Logs                   {shown(options.log_dir)}")
        sample = "Sample shops and their night: make load" if stack.is_chain else "A sample shop: make load"
        say(dim(f"  {sample}, in another terminal. Stop: Ctrl-C.\n"))
        try:
            stack.watch()
        finally:
            say("\nStopping ...")


def shown(path: Path) -> str:
    """A path as one would type it from the repository's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def refuse_a_second_stack(state_file: Path) -> None:
    if state := running_stack.described(state_file):
        raise ProcessError(
            f"a local stack is already running (process {state['pid']}, {state['forecast_url']}); stop it first"
        )


def environment_of_running_stack() -> dict[str, str]:
    environment = running_stack.environment(STATE_FILE)
    if not environment:
        raise ProcessError("no local stack is running; start one with `make up` in another terminal")
    return environment


def run_with(words: list[str]) -> int:
    """Run a command as a client of the running stack; `python` is this environment's."""
    if not words:
        raise ProcessError("with what? For example: python3 -m local with python -m restock status")
    command = [sys.executable if words[0] in {"python", "python3"} else words[0], *words[1:]]
    return subprocess.run(command, env={**os.environ, **environment_of_running_stack()}, check=False).returncode


def sweep() -> None:
    """A night of the running chain, now: whoever has not learnt today does."""
    os.environ.update(environment_of_running_stack())
    sample_chain.sweep()


def load_shop() -> None:
    """Fill the running stack with a shop's past and its book, or with those of some shops and their first night.

    Every appointment goes through the trigger, as on a busy day.
    """
    os.environ.update(environment_of_running_stack())
    from google.cloud import firestore

    client = firestore.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"])
    if os.environ["RESTOCK_CHAIN"] == "true":
        written = sample_chain.load(client)
        say(f"Loaded {written} documents. The functions count them; now the shops' first night:")
        sample_chain.sweep()
    else:
        today = datetime.now(ZoneInfo(os.environ["SHOP_TIME_ZONE"])).date()
        appointments = chain(shop.history(today - timedelta(days=1)), shop.bookings(today))
        written = shop.load(client, appointments, progress=lambda count: say(f"  {count} documents"))
        say(f"Loaded {written} documents. The functions count them now and train; see the stack's terminal.")
