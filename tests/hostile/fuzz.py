"""Coverage-guided fuzzing of what the outside sends.

``python -m tests.hostile.fuzz --seconds 60 events retrain forecast``


Needs atheris, which has no wheel for every platform and is therefore no requirement:
``uv pip install --python .venv atheris``.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

TARGETS = ("events", "retrain", "forecast")
EVENTS = Path(__file__).parents[1] / "events"
MOST_BYTES = 4096


def seeds(target: str) -> list[bytes]:
    """Where the fuzzer starts from."""
    from tests.builders import appointment, payload

    if target == "events":
        recorded = [path.read_bytes() for path in EVENTS.glob("*.bin")]
        return [*recorded, payload(before=appointment()), payload(before=appointment("pending"), after=appointment())]
    if target == "retrain":
        return [b'{"reason": "threshold"}', b'{"reason": "manual", "rebuild": true, "force": false}']
    return [b'{"forecast_days": 7, "current_date": "2026-03-02"}', b'{"forecast_days": 90}', b"{}"]


def fuzz(target: str, folder: str, seconds: int) -> None:
    """Runs in a process of its own, which atheris ends."""
    import atheris

    with atheris.instrument_imports(include=["restock"]):
        from restock.counting.count import understand
        from restock.errors import BadEventError, BadRequestError
        from restock.gcp.events import decode
        from restock.serving.app_contract import parse_request as parse_forecast
        from restock.serving.http import HttpError
        from restock.stored.retrain_request import parse_request as parse_retrain
    from tests.builders import rules

    by, today = rules(keep_usage_when_deleted_after_days=30), date(2026, 3, 2)

    def events(data: bytes) -> None:
        delivery = understand(decode(data, "2026-03-02T12:00:00Z"), by)
        assert delivery.after.is_empty or delivery.after.day

    def forecast(data: bytes) -> None:
        with contextlib.suppress(HttpError):  # 400 in the contract's words
            parse_forecast(data, today)

    read = {"events": events, "retrain": parse_retrain, "forecast": forecast}[target]

    def once(data: bytes) -> None:
        with contextlib.suppress(BadEventError, BadRequestError):
            read(data)

    atheris.Setup(
        [
            target,
            folder,
            f"-max_total_time={seconds}",
            f"-artifact_prefix={folder}/",
            f"-max_len={MOST_BYTES}",
            "-timeout=5",
            "-rss_limit_mb=2048",
        ],
        once,
    )
    atheris.Fuzz()


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    asked.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--here", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.here:
        fuzz(given.targets[0], given.here, given.seconds)
        return 0
    failed = 0
    for target in given.targets or TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            for number, seed in enumerate(seeds(target)):
                Path(folder, str(number)).write_bytes(seed)
            command = [sys.executable, "-m", "tests.hostile.fuzz", target, "--seconds", str(given.seconds)]
            done = subprocess.run([*command, "--here", folder], capture_output=True, text=True, check=False)
            runs = re.search(r"Done (\d+) runs in (\d+) second", done.stderr)
            if not runs:
                failed += 1
                print(done.stdout[-4000:], done.stderr[-2000:])
            else:
                print(f"{target:<10} {int(runs[1]):>10,} executions in {runs[2]} s, crashes 0", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
