"""With the habits of Cloud Run switched on: frozen between requests, retrain private, tokens from a metadata server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from local import shop
from local.delivery import identity_token
from local.demo import ask, firestore_client
from local.metadata_server import MetadataServer
from local.processes import free_port
from local.stack import Options, Stack
from restock.errors import StoreUnavailableError
from restock.gcp.access_token import AccessToken
from restock.gcp.rest import Rest
from tests.waiting import wait_until

INVOKER = "restock-invoker@demo-cloud-run.iam.gserviceaccount.com"
ELSEWHERE = "https://elsewhere.example"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real functions, time scaled by 600: a tenth of a second stands for a minute, six seconds for an hour."""
    folder = tmp_path_factory.mktemp("cloud-run")
    scaled = {"STALE_SECONDS": "0.1", "RELOAD_WAIT_MS": "10000", "CLOUD_RUN_TIMEOUT_SECONDS": "1"}
    options = Options(
        project="demo-cloud-run",
        log_dir=folder / "logs",
        state_file=folder / "stack.json",
        forecast_port=free_port(),
        own_settings={"forecast": scaled},
        is_trigger_live=False,
        is_like_cloud_run=True,
    )
    with Stack(options) as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", stack.address["firestore_emulator_host"])
        client = firestore_client(stack)
        shop.load(client, shop.history(datetime.now(UTC).date() - timedelta(days=2), days=60))
        stack.ask_for_retrain("schedule")
        wait_until(lambda: ask(stack.address["forecast_url"], days=7).status == 200)
        yield stack


def states_of(stack: Stack, name: str) -> set[str]:
    [child] = [child for child in stack.functions if child.name == name]
    process = psutil.Process(child.process.pid)
    return {one.status() for one in [process, *process.children(recursive=True)]}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot freeze a process group")
@pytest.mark.needs("firestore", "storage")
def test_after_an_idle_hour_the_first_answer_is_a_200_from_the_newest_generation(stack: Stack) -> None:
    url = stack.address["forecast_url"]
    before = ask(url, days=7)
    wait_until(lambda: states_of(stack, "forecast") == {psutil.STATUS_STOPPED})
    stack.ask_for_retrain("manual", force=True)
    wait_until(lambda: len(stack.tasks.done(stack.queue)) == 2)

    time.sleep(6)  # the hour; nothing is asked of the forecast meanwhile
    frozen = states_of(stack, "forecast")
    first = ask(url, days=7)

    assert frozen == {psutil.STATUS_STOPPED}
    assert first.status == 200
    assert first.generation != before.generation


@pytest.mark.needs("firestore", "storage")
def test_retrain_answers_nobody_but_its_invoker(stack: Stack) -> None:
    url = stack.address["retrain_url"]

    def status(authorization: str | None) -> int:
        headers = {"Authorization": authorization} if authorization else {}
        return Rest().request("POST", url, headers=headers, body=b'{"reason": "nonsense"}').status

    now = time.time()
    assert status(None) == 401
    assert status("Bearer nonsense") == 401
    assert status(f"Bearer {identity_token('somebody@else.example', url, now)}") == 403
    assert status(f"Bearer {identity_token(INVOKER, ELSEWHERE, now)}") == 403
    assert status(f"Bearer {identity_token(INVOKER, url, now - 7200)}") == 403
    assert status(f"Bearer {identity_token(INVOKER, url, now)}") == 400, "let in, and refused by the function itself"


@pytest.fixture
def metadata() -> Iterator[MetadataServer]:
    server = MetadataServer(project="demo", email="restock-forecast@demo.iam.gserviceaccount.com").start()
    yield server
    server.stop()


def test_the_forecast_gets_its_token_from_the_metadata_server(
    metadata: MetadataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", metadata.host)
    token = AccessToken(Rest())

    assert [token(), token()] == ["Bearer local-1"] * 2, "one token serves until it ends"


def test_a_request_without_the_metadata_flavor_gets_nothing(metadata: MetadataServer) -> None:
    url = f"http://{metadata.host}/computeMetadata/v1/instance/service-accounts/default/token"

    assert Rest().request("GET", url).status == 403
    assert metadata.tokens_given == 0


def test_no_metadata_server_is_a_store_that_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{free_port()}")

    with pytest.raises(StoreUnavailableError):
        AccessToken(Rest())()
