"""Published models for tests of serving: artifacts with chosen demand, on a shelf that answers like Cloud Storage.

The shelf is an in-memory bucket (``read``), and the same bucket behind HTTP, as the JSON API gives objects out. What it
answers can be spoiled, which is how tests make storage slow, wrong or absent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from local.loopback import LoopbackServer
from restock.forecasting.methods.negative_binomial import quantile_table
from restock.stored import names
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.distribution import HORIZONS, DemandDistribution
from restock.stored.header import Header
from restock.stored.pointer import Pointer
from restock.stored.stored_object import StoredObject

TRAINED_THROUGH = date(2026, 4, 30)
EVERY_DAY = (1.0,) * 7
BUSY_MONDAY_CLOSED_SUNDAY = (1.6, 1.0, 1.0, 1.0, 0.9, 0.5, 0.0)


def artifact(
    daily: Mapping[str, float] | Sequence[tuple[Part, float]],
    *,
    version: int = 1,
    weekday: Sequence[float] = EVERY_DAY,
    closed_days: frozenset[date] = frozenset(),
) -> ForecastArtifact:
    """A forecast of so much of each part a day."""
    if isinstance(daily, Mapping):
        daily = [(Part(name.casefold(), name), rate) for name, rate in daily.items()]
    daily = sorted(daily, key=lambda one: one[0].name)
    rates = np.array([rate for _, rate in daily], float)
    table = quantile_table(np.maximum(rates, 1e-6)[:, None] * HORIZONS, np.full((len(rates), len(HORIZONS)), 1.5))
    distribution = DemandDistribution(
        rates, np.tile(np.array(weekday), (len(rates), 1)), np.ones(len(rates)), table, closed_days
    )
    recent = np.random.default_rng(version).poisson(rates[:, None], (len(rates), 90)).astype(np.float32)
    header = Header(
        version=version,
        trained_at="2026-05-01T03:00:00+00:00",
        trained_through=TRAINED_THROUGH,
        first_day=TRAINED_THROUGH - timedelta(364),
        time_zone="Europe/London",
        scores={"challenger": {"spl_7": 0.31, "spl_30": 0.4, "bias_7": 0.02}},
    )
    return ForecastArtifact(header, tuple(part for part, _ in daily), distribution, recent)


def saying(forecast: ForecastArtifact, **changed: Any) -> ForecastArtifact:
    """The same forecasts, which say something else of themselves."""
    return replace(forecast, header=replace(forecast.header, **changed))


def many_parts(number: int, *, version: int = 1, factor: float = 1.0) -> ForecastArtifact:
    """A larger shop: few busy parts, many slow ones."""
    rates = np.random.default_rng(7).gamma(0.4, 1.5, number) * factor
    parts = [
        (Part(f"part-{i:04d}", f"Spare part no. {i:04d}", category=f"group {i % 9}"), rates[i]) for i in range(number)
    ]
    return artifact(parts, version=version, weekday=BUSY_MONDAY_CLOSED_SUNDAY)


class PublishedShelf:
    """An in-memory bucket that can be spoiled: ``spoil`` gets each read's name and may raise or replace the object."""

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.reads: list[str] = []
        self.has_bucket = True
        self.spoil: Callable[[str, StoredObject | None], StoredObject | None] = lambda name, stored: stored
        self._generation = 1_700_000_000_000_000

    def read(self, name: str) -> StoredObject | None:
        self.reads.append(name)
        return self.spoil(name, self.objects.get(name))

    def folders(self) -> bytes:
        """The listing of ``models/`` by folder."""
        folders = {name.rsplit("/", 1)[0] + "/" for name in self.objects if name.count("/") > 1}
        return json.dumps({"prefixes": sorted(folders)}).encode()

    def put(self, name: str, data: bytes) -> int:
        self._generation += 1
        self.objects[name] = StoredObject(data, self._generation)
        return self._generation

    def publish(self, forecast: ForecastArtifact, version: int | None = None, **changed: object) -> int:
        """Write the artifact, then the pointer; return the pointer's generation."""
        version = forecast.header.version if version is None else version
        data = forecast.to_bytes()
        self.put(names.forecast(version), data)
        return self.point(version, **({"forecast_sha256": hashlib.sha256(data).hexdigest()} | changed))

    def point(self, version: int, **changed: object) -> int:
        fields = {
            "version": version,
            "history": version,
            "run": version,
            "forecast_sha256": "0" * 64,
            "manifest_sha256": "0" * 64,
            "history_sha256": "0" * 64,
            "published_by": "a test",
            "published_at": "2026-05-01T03:00:05+00:00",
            "trained_at": "2026-05-01T03:00:00+00:00",
            "rules": "0" * 64,
        }
        return self.put(names.POINTER, Pointer(**(fields | changed)).to_bytes())  # type: ignore[arg-type]


class ShelfServer:
    """The shelf behind HTTP, as ``GET /storage/v1/b/BUCKET/o/NAME?alt=media`` gives objects out."""

    def __init__(self, shelf: PublishedShelf) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                name = unquote(urlsplit(self.path).path.partition("/o")[2].strip("/"))
                stored = shelf.read(name) if name else StoredObject(shelf.folders(), 0) if shelf.has_bucket else None
                data = stored.data if stored else b"Not Found"
                self.send_response(200 if stored else 404)
                self.send_header("Content-Length", str(len(data)))
                if stored:
                    self.send_header("x-goog-generation", str(stored.generation))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = LoopbackServer(Handler).start()
        self.url = self._server.url

    def stop(self) -> None:
        self._server.stop()
