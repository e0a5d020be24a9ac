"""The retrain door with traps: a request can have its process killed, or held up, right after a named step.

All else is the real door, loaded from functions/retrain, but for the model, which is constant: what is tried here is
the order of effects, and a fit adds seconds and nothing to that. ``X-Project`` and ``X-Bucket`` give each test a shop.
"""

import dataclasses
import importlib.util
import os
import signal
import sys
import time
from pathlib import Path

import flask
import functions_framework

ROOT = Path(__file__).parents[4]
sys.path.insert(0, str(ROOT))
HELD_UP_AT_MOST_SECONDS = 60

from restock.gcp.firestore import FirestoreDocuments  # noqa: E402  (the repository is on the path only now)
from restock.retraining.assembly import tools_of  # noqa: E402
from restock.shops import Shops  # noqa: E402
from tests.unit.retraining.models import ConstantFit  # noqa: E402

spec = importlib.util.spec_from_file_location("door", ROOT / "functions/retrain/main.py")
door = importlib.util.module_from_spec(spec)
spec.loader.exec_module(door)
own_settings = door.settings


def fit(why: str | None) -> None:
    time.sleep(float(os.environ.get("TRAP_FIT_SECONDS", "0")))
    if why:
        raise RuntimeError(why)


@functions_framework.http
def retrain(request: flask.Request) -> flask.typing.ResponseReturnValue:
    headers = request.headers

    def after(step: str) -> None:
        if headers.get("X-Kill-After") == step:
            os.kill(os.getpid(), signal.SIGKILL)
        if headers.get("X-Hold-After") == step:
            sign = Path(headers["X-Sign"])
            sign.with_suffix(".held").touch()
            deadline = time.monotonic() + HELD_UP_AT_MOST_SECONDS
            while not sign.exists() and time.monotonic() < deadline:
                time.sleep(0.02)

    settings = dataclasses.replace(
        own_settings,
        project=headers.get("X-Project", own_settings.project),
        bucket=headers.get("X-Bucket", own_settings.bucket),
        is_chain=headers.get("X-Chain") == "true",
        # Shorter than the settings allow, for no test waits half an hour
        lease_seconds=int(headers.get("X-Lease-Seconds", own_settings.lease_seconds)),
    )
    trapped = ConstantFit(before=lambda: fit(headers.get("X-Fail")))
    door.shops = Shops(settings, lambda: FirestoreDocuments(settings.project))
    door.tools_of = lambda shop, log: dataclasses.replace(tools_of(shop, log), after=after, fit=trapped)
    return door.retrain(request)
