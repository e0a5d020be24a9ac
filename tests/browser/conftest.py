"""The page in a real headless Chromium, served by the real door; Firestore and the Auth emulator are stand-ins."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from functions_framework import create_app
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from local import machine
from local.loopback import LoopbackServer
from local.setup import ROOT
from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.header import Since, Surprise
from tests.fakes import FakeOrders
from tests.published import BUSY_MONDAY_CLOSED_SUNDAY, PublishedShelf, ShelfServer, artifact, saying

expect.set_options(timeout=30_000)  # a busy machine is no failure of the page
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PREFIX = "/demo-shop/europe-west1/forecast"
PASSWORD = "correct horse"
SHOP = {
    "Brakes": ["Brake pads, front", "Brake pads, rear", "Brake disc, 220 mm", "Brake fluid, 0.5 l", "Brake cable"],
    "Engine": ["Oil filter", "Air filter", "Spark plug", "Engine oil, 1 l", "Head gasket", "Timing chain", "Piston"],
    "Drive": ["Chain, 428H", "Sprocket, 14 teeth", "Sprocket, 42 teeth", "Clutch plates", "Clutch cable", "Belt"],
    "Wheels": ["Tyre, 90/90-17", "Tyre, 120/80-17", "Inner tube, 17", "Wheel bearing, 6202", "Valve, TR4"],
    "Electrics": ["Battery, 12 V 5 Ah", "Headlight bulb, H4", "Indicator relay", "Starter relay", "Fuse, 10 A", "Horn"],
    "Body": ["Mirror, left", "Mirror, right", "Brake lever", "Clutch lever", "Throttle grip", "Seat cover"],
}  # fmt: skip


def shop(version: int = 12) -> ForecastArtifact:
    """A workshop's parts, a few of them busy."""
    parts = []
    for category, names in SHOP.items():
        for k, name in enumerate(names):
            rate = 2.4 / (1 + k) ** 1.3 * (1 + 0.05 * (version - 11) * (k % 3))
            parts.append((Part(name.lower().replace(" ", "-"), name, category=category), rate))
    forecast = artifact(parts, version=version, weekday=BUSY_MONDAY_CLOSED_SUNDAY)
    yesterday = date.today() - timedelta(1)
    scores = {
        "challenger": {"spl_7": 0.302, "spl_30": 0.391, "rmsse": 0.824},
        "baselines": {"historic mean": {"spl_7": 0.481, "spl_30": 0.562, "rmsse": 0.897}},
    }
    surprise = Surprise(key="horn", name="Horn", days=7, expected=1.6, came=9.0, chance=0.0004)
    return saying(
        forecast,
        trained_through=yesterday,
        first_day=yesterday - timedelta(364),
        scores=scores,
        since=Since(version=version - 1, unusual=(surprise,)),
    )


class AuthEmulator:
    """Signs in whoever knows the password, and gives unsigned tokens as the Auth emulator does."""

    refusal: tuple[int, dict] | None = None
    """What everybody is answered, if set."""
    seconds = "3600"
    """How long its tokens are good."""
    waits: threading.Event | None = None
    """What a renewal waits for, if set."""

    def __init__(self) -> None:
        emulator = self
        self.renewals = 0
        self.mailed: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_OPTIONS(self) -> None:
                self._answer(204, None)

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if emulator.refusal:
                    self._answer(*emulator.refusal)
                elif self.path.startswith("/securetoken.googleapis.com/v1/token"):
                    emulator.renewals += 1
                    if emulator.waits:
                        emulator.waits.wait(10)
                    self._answer(200, {"id_token": token(), "refresh_token": "again", "expires_in": emulator.seconds})
                elif "sendOobCode" in self.path:
                    emulator.mailed.append(json.loads(sent)["email"])
                    self._answer(200, {})
                elif json.loads(sent)["password"] == PASSWORD:
                    self._answer(200, {"idToken": token(), "refreshToken": "again", "expiresIn": emulator.seconds})
                else:
                    self._answer(400, {"error": {"message": "INVALID_LOGIN_CREDENTIALS"}})

            def _answer(self, status: int, content: dict | None) -> None:
                body = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "Content-Type")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = LoopbackServer(Handler).start()
        self.host = self._server.host

    def stop(self) -> None:
        self._server.stop()


def token() -> str:
    now = int(time.time())
    claims = {"iss": "https://securetoken.google.com/demo-shop", "aud": "demo-shop", "sub": "anna"}
    claims |= {"admin": True, "auth_time": now, "iat": now, "exp": now + 3600}
    words = [json.dumps(one).encode() for one in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(word).rstrip(b"=").decode() for word in words), ""])


class Board:
    """The page's list, as its tests look at it."""

    AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")

    def __init__(self, page: Page) -> None:
        self.page = page
        self.rows = page.locator("#lists tbody tr:not(.group)")
        self.today = page.locator("#today tbody tr:not(.group)")

    def open(self, address: str) -> Board:
        self.page.goto(address)
        return self.is_there()

    def is_there(self) -> Board:
        expect(self.page.get_by_role("heading", name="Order today")).to_be_visible()
        expect(self.rows.first).to_be_visible()
        return self

    def row(self, name: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_role("button", name=name, exact=True))

    def quantity(self, name: str) -> Locator:
        return self.page.get_by_role("spinbutton", name=f"Order of {name}", exact=True)

    def names(self, section: str = "today") -> list[str]:
        return self.page.locator(f"#{section} button.part").all_inner_texts()

    def search(self, words: str) -> None:
        self.page.get_by_role("searchbox").fill(words)

    def violations(self) -> list[str]:
        """What axe-core finds, run in the page's own context (its policy lets no other script in)."""
        self.page.evaluate(self.AXE)
        found = "async () => (await axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.html)}`)"
        return self.page.evaluate(found)


@pytest.fixture
def auth_emulator() -> Iterator[AuthEmulator]:
    emulator = AuthEmulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def shelf() -> PublishedShelf:
    return PublishedShelf()


@pytest.fixture
def published(shelf: PublishedShelf) -> ForecastArtifact:
    """Two versions, the second of three hours ago."""
    shelf.publish(shop(11))
    shelf.publish(shop(12), trained_at=(datetime.now(UTC) - timedelta(hours=3)).isoformat())
    return shop(12)


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    """The catalogue's stock, as Firestore gives it out."""
    stock = {
        part.key: {
            "name": part.name,
            "sku": f"RS-{k:04d}",
            "brand": ["Bosch", "Hengst", "NGK", ""][k % 4],
            "stock": [0, 3, 40, 7, 1, 25, 12, 60][k % 8],
            "leadTimeDays": 14 if k % 9 == 0 else None,
        }
        for k, part in enumerate(shop().parts)
    }
    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(stock.items()))
    return stock


@pytest.fixture
def bookings(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    """What is booked, by id; every query finds all of it."""
    booked: dict[str, dict] = {}
    monkeypatch.setattr(FirestoreReader, "between", lambda self, *query: list(booked.items()))
    return booked


@pytest.fixture
def orders() -> FakeOrders:
    """The documents of orders and parts."""
    return FakeOrders()


class Network:
    """Cuts writes: ``before`` they reach the door, or ``after`` it has done them, so that only their answer is lost."""

    cut = ""

    def __init__(self, app: Callable) -> None:
        self._app = app

    def __call__(self, environ: dict, start_response: Callable) -> Any:
        if not (Network.cut and environ["REQUEST_METHOD"] == "POST"):
            return self._app(environ, start_response)
        if Network.cut == "after":
            list(self._app(environ, lambda *_: None))
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionError("the test has cut the network")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> type[Network]:
    monkeypatch.setattr(Network, "cut", "")
    return Network


@pytest.fixture
def site(
    shelf: PublishedShelf, stock: dict, orders: FakeOrders, bookings: dict, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """Serves the door, at the root and under a path prefix; ``site(FORECAST_AUTH="firebase")`` is its address."""
    storage = ShelfServer(shelf)
    running = []
    monkeypatch.setattr("restock.gcp.order_documents.OrderDocuments", lambda project: orders)

    def start(**settings: str) -> str:
        environment = {
            "GOOGLE_CLOUD_PROJECT": "demo-shop",
            "RESTOCK_BUCKET": "models",
            "SHOP_TIME_ZONE": "Europe/London",
            "STORAGE_EMULATOR_HOST": storage.url,
            "FORECAST_AUTH": "public",
            "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
            "RELOAD_SECONDS": "0.1",
            "STALE_SECONDS": "0.1",
            "STOCK_CACHE_SECONDS": "0",
        }
        for name, value in (environment | settings).items():
            monkeypatch.setenv(name, value)
        app = create_app("forecast", str(ROOT / "functions/forecast/main.py"))
        mounted = DispatcherMiddleware(app, {PREFIX: app, "/elsewhere": NotFound()})
        server = make_server("127.0.0.1", 0, Network(mounted), threaded=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append((server, sys.modules["main"].LIVE))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, live in running:
        server.shutdown()
        live.stop()
    storage.stop()
    sys.modules.pop("main", None)


@pytest.fixture(scope="session")
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=machine.chromium(), headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(_browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page: ``new_page(viewport={...}, color_scheme="dark")``; what it logs and asks is kept on it."""
    contexts = []

    def make(**options) -> Page:
        context = _browser.new_context(**({"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.asked, page.mistakes = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.mistakes.append(str(error)))
        page.on("console", lambda line: page.mistakes.append(line.text) if line.type == "error" else None)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def board(new_page: Callable[..., Page], site: Callable[..., str]) -> Callable[..., Board]:
    """An open board: ``board()``, or ``board("?search=oil", settings={…}, viewport={…})``."""

    def make(at: str = "/", *, settings: dict[str, str] | None = None, **options) -> Board:
        return Board(new_page(**options)).open(site(**(settings or {})) + at)

    return make


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[[Page, str], None]:
    """Keeps a picture: in SCREENSHOT_DIR if that is set (as when docs/ are renewed), else with the test's own files."""
    folder = Path(os.environ.get("SCREENSHOT_DIR") or tmp_path)

    def take(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")

    return take
