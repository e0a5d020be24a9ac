"""Serving: how fast the forecast function starts and answers, beside functions that only hand out what was prepared.

(a) process start → first forecast          against a function that returns a constant
(b) warm requests, repeated and new         against prepared bytes, and against encoding a prepared dict
(c) the same with a new model every 5 s     against (b); no error, no answer that mixes two models
(d) memory                                  with 1,000 parts loaded, and the peak while models are swapped
(e) the first answer after a freeze         with a model published meanwhile, against the usual answer
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.harness import CONSTANT_HTTP, LOGS, WORK, Server, staged, stand_in
from bench.load import drive, request
from bench.metering import Meter, Spread, alternate, median
from bench.results import Row, Section, print_section, ratio_row, shown, write_results
from bench.tokens import SIGNED_BY_BENCH, TokenServer
from local.emulators import StorageServer
from local.front import Freezer
from restock.forecasting.methods.negative_binomial import quantile_table
from restock.gcp.storage import BucketObjects
from restock.settings import FORECAST
from restock.stored import names
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.distribution import HORIZONS, DemandDistribution
from restock.stored.header import Header
from restock.stored.pointer import Pointer
from restock.stores import ObjectStore

PATH = "/forecast_restock_demand"
FIRST_DAY = date(2026, 5, 4)
SIZES = ((200, 30), (1000, 90))
DISTINCT = 500
PUBLISH_SECONDS = 5.0
SCALED_CLOCKS = {"RELOAD_SECONDS": "1", "STALE_SECONDS": "1"}
FROZEN_SECONDS = 3.0  # with clocks at a tenth and a sixtieth, as long as some minutes: all that matters is "stale"

PREPARED_BYTES = """\
import flask
import functions_framework

with open({file!r}, "rb") as file:
    BODY = file.read()


@functions_framework.http
def {{door}}(request):
    return flask.Response(BODY, content_type="application/json; charset=utf-8")
"""
PREPARED_DICT = """\
import flask
import functions_framework
import orjson

with open({file!r}, "rb") as file:
    CONTENT = orjson.loads(file.read())


@functions_framework.http
def {{door}}(request):
    return flask.Response(orjson.dumps(CONTENT), content_type="application/json; charset=utf-8")
"""


def shop(parts: int, version: int) -> ForecastArtifact:
    """A forecast whose every part moves with the version, so that a mixed answer would show."""
    rates = np.random.default_rng(7).gamma(0.4, 1.5, parts) + version
    table = quantile_table(rates[:, None] * HORIZONS, np.full((parts, len(HORIZONS)), 1.5))
    weekday = np.tile([1.6, 1.0, 1.0, 1.0, 0.9, 0.5, 0.0], (parts, 1))
    distribution = DemandDistribution(rates, weekday, np.ones(parts), table)
    names = tuple(Part(f"part-{k:04d}", f"Spare part no. {k:04d}") for k in range(parts))
    header = Header(version=version, trained_at=now(), trained_through=date(2026, 5, 3))
    return ForecastArtifact(header, names, distribution, np.zeros((parts, 90), np.float32))


def publish(objects: ObjectStore, forecast: ForecastArtifact) -> None:
    data, version = forecast.to_bytes(), forecast.header.version
    objects.write(names.forecast(version), data, if_generation=0)
    live = objects.read(names.POINTER)
    pointer = Pointer(
        version=version,
        history=version,
        run=version,
        forecast_sha256=hashlib.sha256(data).hexdigest(),
        manifest_sha256="",
        history_sha256="",
        published_by="bench",
        published_at=now(),
        trained_at=now(),
        rules="",
    )
    objects.write(names.POINTER, pointer.to_bytes(), if_generation=live.generation if live else 0)


def now() -> str:
    return datetime.now(UTC).isoformat()


class Storage:
    """One storage server with a bucket per shop."""

    def __init__(self) -> None:
        self.server = StorageServer.start(log_dir=LOGS)

    def shop(self, parts: int) -> tuple[dict[str, str], ObjectStore]:
        """The settings of a forecast function that serves a shop of so many parts, and its bucket."""
        bucket = self.server.create_bucket(f"shop-{parts}-{time.monotonic_ns()}")
        objects = BucketObjects("demo", bucket)
        publish(objects, shop(parts, version=1))
        settings = {
            "GOOGLE_CLOUD_PROJECT": "demo",
            "RESTOCK_BUCKET": bucket,
            "SHOP_TIME_ZONE": "Europe/London",
            "STORAGE_EMULATOR_HOST": self.server.url,
            "FORECAST_AUTH": "public",
        }
        return settings, objects


def asking(days: int, start: date = FIRST_DAY) -> bytes:
    body = json.dumps({"forecast_days": days, "current_date": start.isoformat()}).encode()
    return request("POST", PATH, body, {"Content-Type": "application/json"})


def repeated(days: int) -> Callable[[], Iterator[bytes]]:
    return lambda: itertools.repeat(asking(days))


def distinct(days: int) -> Callable[[], Iterator[bytes]]:
    """Requests of DISTINCT periods at random, one after the other: all of the same size."""
    starts = np.random.default_rng(1).permutation(DISTINCT)
    requests = [asking(days, FIRST_DAY + timedelta(int(start))) for start in starts]
    return lambda: itertools.cycle(requests)


def never_seen(days: int) -> Callable[[], Iterator[bytes]]:
    """Requests none of whose days was ever asked for before."""
    counter = itertools.count()

    def requests() -> Iterator[bytes]:
        for number in counter:
            yield asking(days, date(1000, 1, 6) + timedelta(91 * (number % 30_000)))

    return requests


def cold(storage: Storage, functions: Path, rounds: int, cores: int) -> list[Row]:
    """(a) From process start to the first 200 forecast, in every mode."""
    settings, _ = storage.shop(200)
    constant = stand_in(FORECAST, "constant-http", CONSTANT_HTTP)
    checking = stand_in(FORECAST, "checking", "")
    with TokenServer("demo") as tokens:
        _copy_with_certificates(functions, checking, tokens.url)
        bearer = {"Authorization": f"Bearer {tokens.token()}"}
        body = json.dumps({"forecast_days": 30}).encode()

        def start(place: Path, mode: str, headers: dict[str, str]) -> Callable[[], float]:
            def measure() -> float:
                with Server(FORECAST, place, {**settings, "FORECAST_AUTH": mode}, cores=cores, wait=False) as server:
                    return server.seconds_until_first("POST", PATH, body, headers)

            return measure

        found = alternate(
            rounds,
            constant=start(constant, "public", {}),
            public=start(functions, "public", {}),
            iam=start(functions, "iam", {}),
            firebase=start(checking, "firebase", bearer),
        )
    base = median(found["constant"])
    wanted = {"public": 1.5, "iam": 1.5, "firebase": 2.2}
    on = "two cores" if cores == 2 else "one core"
    return [
        ratio_row(
            f"(a) start → first forecast, {mode}, {on}", median(found[mode]), base, of="a constant function", most=most
        )
        for mode, most in wanted.items()
    ]


def _copy_with_certificates(functions: Path, target: Path, url: str) -> None:
    """The staged function, told to fetch certificates from the bench instead of Google."""
    shutil.rmtree(target)
    shutil.copytree(functions, target)
    main = target / FORECAST / "main.py"
    main.write_text(SIGNED_BY_BENCH.format(url=url) + main.read_text(encoding="utf-8"), encoding="utf-8")


def warm(storage: Storage, functions: Path, *, rounds: int, seconds: float, clients: Sequence[int]) -> list[Row]:
    """(b) Requests that repeat and requests that are new, against handing out and encoding what was prepared."""
    rows = []
    for parts, days in SIZES:
        settings, _ = storage.shop(parts)
        with ExitStack() as running:
            ours = running.enter_context(Server(FORECAST, functions, settings))
            status, body = ours.post(PATH, json.dumps({"forecast_days": days, "current_date": "2026-05-04"}).encode())
            assert status == 200, body
            file = WORK / f"prepared-{parts}.json"
            file.write_bytes(body)
            handing = stand_in(FORECAST, f"bytes-{parts}", PREPARED_BYTES.format(file=str(file)))
            encoding = stand_in(FORECAST, f"dict-{parts}", PREPARED_DICT.format(file=str(file)))
            bytes_server = running.enter_context(Server(FORECAST, handing, settings))
            dict_server = running.enter_context(Server(FORECAST, encoding, settings))
            size = f"{parts:,} × {days}"
            for count in clients:
                measured = side_by_side(
                    rounds,
                    seconds,
                    count,
                    {
                        "repeated": (ours, repeated(days)),
                        "bytes": (bytes_server, repeated(days)),
                        "distinct": (ours, distinct(days)),
                        "new": (ours, never_seen(days)),
                        "dict": (dict_server, distinct(days)),
                    },
                )
                rows += compared(f"(b) {size}, {count} client{'s' * (count > 1)}", measured)
    return rows


@dataclass(frozen=True, slots=True)
class Measured:
    """One load on one server, once. CPU is the server's alone: what else the machine does hardly shows in it."""

    p50: float
    p99: float
    per_second: float
    cpu_seconds: float


def side_by_side(
    rounds: int, seconds: float, clients: int, loads: dict[str, tuple[Server, Callable[[], Iterator[bytes]]]]
) -> dict[str, list[Measured]]:
    """Every load once per round, in turn."""
    found: dict[str, list[Measured]] = {name: [] for name in loads}
    for _ in range(rounds):
        for name, (server, requests) in loads.items():
            with Meter(server.tree) as meter:
                answers = drive(server.port, requests(), clients=clients, seconds=seconds)
            answers.expect(200)
            spread = Spread.of(answers.latencies)
            cpu = meter.cpu_seconds / len(answers.latencies)
            found[name].append(Measured(spread.p50, spread.p99, answers.per_second, cpu))
    return found


def compared(what: str, measured: dict[str, list[Measured]]) -> list[Row]:
    p50 = {name: median(one.p50 for one in runs) for name, runs in measured.items()}
    p99 = {name: median(one.p99 for one in runs) for name, runs in measured.items()}
    rate = {name: median(one.per_second for one in runs) for name, runs in measured.items()}
    cpu = {name: median(one.cpu_seconds for one in runs) for name, runs in measured.items()}
    throughput = rate["repeated"] / rate["bytes"]
    rows = [
        ratio_row(f"{what}, repeated, p50", p50["repeated"], p50["bytes"], of="prepared bytes", most=1.3),
        ratio_row(f"{what}, repeated, p99", p99["repeated"], p99["bytes"], of="prepared bytes"),
        Row(
            f"{what}, repeated, answers per second",
            shown(rate["repeated"], "/s"),
            f"prepared bytes: {shown(rate['bytes'], '/s')}",
            f"{throughput:.2f} ×",
            "≥ 0.75 ×",
            throughput >= 0.75,
        ),
    ]
    rows.append(ratio_row(f"{what}, repeated, CPU per answer", cpu["repeated"], cpu["bytes"], of="prepared bytes"))
    for kind, name in (("distinct", f"one of {DISTINCT}"), ("new", "never seen")):
        rows.append(ratio_row(f"{what}, {name}, p50", p50[kind], p50["dict"], of="encoding a dict", most=2.0))
        rows.append(ratio_row(f"{what}, {name}, p99", p99[kind], p99["dict"], of="encoding a dict"))
    return rows


def reloading(storage: Storage, functions: Path, *, seconds: float) -> list[Row]:
    """(c) and (d): 8 clients while a new generation appears every PUBLISH_SECONDS; mixed answers are looked for."""
    rows = []
    for parts, days in SIZES:
        settings, objects = storage.shop(parts)
        settings["RELOAD_SECONDS"] = "1"
        seen: dict[int, bytes] = {}
        mixed = 0

        def look(status: int, body: bytes, seen: dict[int, bytes] = seen) -> None:
            nonlocal mixed
            head, _, content = body.partition(b',"forecast_period_days":')
            version = int(head.split(b'"version":', 1)[1].split(b",", 1)[0])
            mixed += seen.setdefault(version, content) != content

        with Server(FORECAST, functions, settings) as server:
            drive(server.port, iter([asking(days)] * 50), clients=1).expect(200)
            loaded = server.tree.memory()
            calm = drive(server.port, repeated(days)(), clients=8, seconds=seconds / 2, on_answer=look)
            with publishing(objects, parts), Meter(server.tree) as meter:
                busy = drive(server.port, repeated(days)(), clients=8, seconds=seconds, on_answer=look)
        size = f"(c) {parts:,} × {days}, 8 clients, {len(seen)} generations in {seconds:g} s"
        errors = sum(count for status, count in busy.statuses.items() if status != 200)
        rows += [
            Row(f"{size}: errors", f"{errors} of {len(busy.latencies):,}", "", "", "0", errors == 0),
            Row(f"{size}: answers mixing generations", f"{mixed}", "", "", "0", mixed == 0 and len(seen) > 2),
            ratio_row(
                f"{size}: p99", Spread.of(busy.latencies).p99, Spread.of(calm.latencies).p99, of="without", most=1.5
            ),
            ratio_row(f"{size}: p50", Spread.of(busy.latencies).p50, Spread.of(calm.latencies).p50, of="without"),
        ]
        if parts == SIZES[-1][0]:
            rows.append(Row(f"(d) resident memory, {parts:,} parts loaded (master and worker)", shown(loaded, "B")))
            rows.append(Row("(d) its peak while models are swapped under load", shown(meter.peak_bytes, "B")))
    return rows


def thawed(storage: Storage, functions: Path, *, rounds: int) -> list[Row]:
    """(e) The platform freezes an idle instance; what the first request after it waits for is the newest model."""
    parts, days = SIZES[0]
    settings, objects = storage.shop(parts)
    body = json.dumps({"forecast_days": days}).encode()

    def ask(server: Server) -> tuple[float, int]:
        began = time.perf_counter()
        status, answer = server.post(PATH, body)
        assert status == 200, answer
        return time.perf_counter() - began, json.loads(answer)["model"]["version"]

    usual, first, newest = [], [], 0
    with Server(FORECAST, functions, {**settings, **SCALED_CLOCKS}) as server:
        ask(server)
        freezer = Freezer(server.child)
        for version in range(2, rounds + 2):
            with freezer.thawed():
                usual.append(median([ask(server)[0] for _ in range(9)]))
            time.sleep(FROZEN_SECONDS)
            publish(objects, shop(parts, version))
            with freezer.thawed():
                seconds, served = ask(server)
            first.append(seconds)
            newest += served == version
    usually = median(usual)
    beyond = median(first) - usually
    what = "(e) first answer after a freeze"
    return [
        Row(f"{what}: of the newest generation", f"{newest} of {rounds}", "", "", "all", newest == rounds),
        Row(
            f"{what}: beyond the usual",
            shown(beyond, "s"),
            f"usual: {shown(usually, 's')}",
            "",
            "≤ 300 ms",
            beyond <= 0.3,
        ),
    ]


@contextmanager
def publishing(objects: ObjectStore, parts: int) -> Iterator[None]:
    """Another version every PUBLISH_SECONDS, fitted beforehand so that the machine is not busied by it."""
    forecasts = [shop(parts, version) for version in range(2, 20)]
    stopped = threading.Event()

    def go() -> None:
        for forecast in forecasts:
            if stopped.wait(PUBLISH_SECONDS):
                return
            publish(objects, replace(forecast, header=replace(forecast.header, trained_at=now())))

    publisher = threading.Thread(target=go, name="publisher")
    publisher.start()
    try:
        yield
    finally:
        stopped.set()
        publisher.join()


def section(functions: Path, *, quick: bool) -> Section:
    """Everything in one run; ``functions`` holds the staged door."""
    rounds = 3 if quick else 7
    storage = Storage()
    os.environ["STORAGE_EMULATOR_HOST"] = storage.server.url
    try:
        rows = [
            *cold(storage, functions, rounds, cores=2),
            *cold(storage, functions, rounds, cores=1),
            *warm(
                storage,
                functions,
                rounds=3 if quick else 5,
                seconds=0.5 if quick else 1.0,
                clients=(8,) if quick else (1, 8, 32),
            ),
            *reloading(storage, functions, seconds=12 if quick else 60),
            *thawed(storage, functions, rounds=2 if quick else 7),
        ]
    finally:
        storage.server.child.stop()
    return Section("Serving", rows, notes(rounds))


def notes(rounds: int) -> tuple[str, ...]:
    return (
        f"(a): medians of {rounds} starts each, taken in turn, of the staged folder without byte-code caches; the "
        "first forecast is of 200 parts × 30 days, its model read from a storage server on this machine.",
        "(a) firebase: the token's signature is checked against certificates fetched from a server on this machine.",
        "(b): every answer is of the full size, on kept connections; repeated: one request again and again; one of "
        f"{DISTINCT}: periods drawn in turn, whose days overlap; never seen: no day was ever asked for before. Clients "
        "run on the same cores.",
        "(e): all processes are stopped for 3 s, three times STALE_SECONDS here, as a platform freezes them.",
        "(c): RELOAD_SECONDS is 1 and a new generation appears every 5 s; every answer is compared to the first of its "
        "version.",
    )


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats: a minute")
    asked = parser.parse_args(words)
    measured = section(staged(FORECAST), quick=asked.quick)
    print_section(measured)
    write_results([measured], "make bench-serving" + " (quick)" * asked.quick)
    return 1 if any(row.is_met is False for row in measured.rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
