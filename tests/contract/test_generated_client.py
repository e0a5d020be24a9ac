"""A Python client, generated from /openapi-3.0.json as an app's maker would, at work on the API over HTTP."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from werkzeug.serving import make_server

from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.artifact import Part
from tests.published import artifact

PACKAGE = "restock_client"


@pytest.fixture
def served(forecast_door, shelf, monkeypatch):
    """The door at an address of its own."""
    monkeypatch.setattr(FirestoreReader, "collection", lambda *_: [("oil-1", {"name": "Oil Filter", "stock": 0})])
    shelf.publish(artifact([(Part("oil-1", "Oil Filter"), 1.3)]))
    client = forecast_door(ORDERS="callers", STOCK_CACHE_SECONDS="0")
    server = make_server("127.0.0.1", 0, client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield SimpleNamespace(door=client, address=f"127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def generated(served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Imports a module of the generated client."""
    description = served.door.get("/openapi-3.0.json", headers={"Host": served.address}).json
    (tmp_path / "restock.json").write_text(json.dumps(description))
    (tmp_path / "options.yml").write_text("post_hooks: []\n")  # it would format what it made
    command = [Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta", "none"]
    where = ["--path", "restock.json", "--config", "options.yml", "--output-path", PACKAGE]
    done = subprocess.run([*command, *where], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "WARNING" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda module: importlib.import_module(f"{PACKAGE}.{module}")
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_generated_client_orders_receives_and_reads_the_list(generated, served):
    models = generated("models")
    client = generated("client").Client(base_url=f"http://{served.address}")

    def call(operation: str, *words, **given):
        return generated(f"api.default.{operation}").sync(*words, client=client, **given)

    advice = call("v1_restock")
    (oil,) = advice.parts
    line = models.NewOrderLine(part=oil.part, quantity=oil.order_quantity)
    made = call(
        "create_order", body=models.NewOrder(id=str(uuid.uuid4()), lines=[line], status=models.NewOrderStatus.ORDERED)
    )
    netted = call("restock_list", body=models.RestockList(parts=["oil-1", "nobody's"]))
    received = call(
        "change_order",
        made.order.id,
        body=models.ChangeOfOrder(
            version=made.order.version, received=[models.ReceivedOfPart(part="oil-1", received=1)]
        ),
    )
    late = call(
        "change_order",
        made.order.id,
        body=models.ChangeOfOrder(version=made.order.version, status=models.ChangeOfOrderStatus.CANCELLED),
    )

    assert (oil.name, oil.on_hand, oil.order_quantity > 0, oil.unit_cost) == ("Oil Filter", 0, True, None)
    assert (netted.parts[0].open_quantity, netted.unknown_parts) == (oil.order_quantity, ["nobody's"])
    assert (received.order.lines[0].received, received.order.status) == (1, "ordered")
    assert isinstance(late, models.Conflict)
    assert (late.field, late.orders[0].version) == ("version", received.order.version)
    assert [order.id for order in call("list_orders").orders] == [made.order.id]
