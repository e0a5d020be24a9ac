"""Running commands: gcloud's own words and a remedy, patience only where Google needs a moment."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import operate
from infra import smoke as smoke_module
from infra.command import Command, gcloud
from infra.errors import CommandFailedError
from infra.program import gcloud_program
from infra.reading import read_again
from infra.runner import Runner
from infra.smoke import smoke
from infra.standing import Standing
from tests.infra.test_settings import ROOT, settings


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A gcloud on the PATH that answers with one (status, words) after the other."""

    def script(*answers: tuple[int, str]) -> Path:
        program = tmp_path / "gcloud"
        (tmp_path / "answers").write_text(json.dumps(answers))
        program.write_text(
            "#!/usr/bin/env python3\n"
            "import json, pathlib, sys\n"
            f"path = pathlib.Path({str(tmp_path / 'answers')!r})\n"
            "(status, words), *rest = json.loads(path.read_text())\n"
            "path.write_text(json.dumps(rest or [[status, words]]))\n"
            "print(words, file=sys.stderr if status else sys.stdout)\n"
            "sys.exit(status)\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return program

    return script


def runner(said: list[str]) -> Runner:
    return Runner(say=said.append, sleep=lambda _seconds: None)


COMMAND = gcloud(settings(), "pubsub topics create t", reason="a topic")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("ERROR: You do not currently have an active account selected.", "gcloud auth login"),
        ("ERROR: (gcloud) PERMISSION_DENIED: The caller does not have permission", "Who may deploy"),
        ("ERROR: HTTPError 409: The requested bucket name is not available", "bucket names are global"),
        ("ERROR: Build failed with status: FAILURE", "gcloud builds"),
        ("ERROR: something nobody thought of", "Mend what it names"),
    ],
)
def test_a_refusal_names_step_command_words_and_remedy(scripted, words: str, remedy: str) -> None:
    scripted((1, words))

    with pytest.raises(CommandFailedError) as refused:
        runner([]).run("dead letters", COMMAND)

    text = str(refused.value)
    assert all(part in text for part in ("step: dead letters", "gcloud pubsub topics create t", words, remedy))


def test_what_takes_a_moment_is_tried_again(scripted) -> None:
    scripted((1, "ERROR: Service account restock-events@my-shop.iam.gserviceaccount.com does not exist."), (0, "done"))
    said: list[str] = []

    runner(said).run("roles", COMMAND)

    assert said == ["    a new service account is not known everywhere yet: trying again in 5 s"]


def test_what_gcloud_warns_of_beside_a_success_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "gcloud"
    program.write_text("#!/bin/sh\necho working... >&2\necho 'WARNING: python311 is deprecated' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    said: list[str] = []

    runner(said).run("functions", COMMAND)

    assert said == ["    gcloud says: WARNING: python311 is deprecated"]


def test_on_windows_gclouds_own_python_is_started_so_that_no_argument_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, python = tmp_path / "bin/gcloud.cmd", tmp_path / "platform/bundledpython/python.exe"
    monkeypatch.setattr(shutil, "which", lambda name: str(batch) if name == "gcloud" else None)

    assert gcloud_program() == [str(batch)]
    python.parent.mkdir(parents=True)
    python.touch()
    assert gcloud_program() == [str(python), "-S", str(tmp_path / "lib/gcloud.py")]


def test_the_smoke_test_of_a_deploy_is_given_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [CommandFailedError("step: smoke test\nnot yet"), CommandFailedError("step: smoke test\nnor now"), None]
    said: list[str] = []
    slept: list[float] = []

    def once(*_given: object) -> None:
        if wrong := answers.pop(0):
            raise wrong

    monkeypatch.setattr(smoke_module, "smoke", once)
    smoke_module.smoke_patiently(settings(), Standing(), said.append, slept.append)
    assert slept == [20, 20]
    assert said[0] == "  not yet: not yet; asking again in 20 s"

    answers = [CommandFailedError("step: smoke test\nbroken")] * 20
    with pytest.raises(CommandFailedError, match="broken"):
        smoke_module.smoke_patiently(settings(), Standing(), said.append, slept.append)
    assert sum(slept) - 40 == 300


def test_patience_ends(scripted) -> None:
    scripted((1, "ERROR: permission denied while using the Eventarc Service Agent"))
    tool = runner([])

    with pytest.raises(CommandFailedError, match="Eventarc Service Agent"):
        tool.run("function", COMMAND)

    assert len(tool.calls) == 8


def test_a_new_metric_is_waited_for_longer_than_google_says_it_takes(scripted) -> None:
    words = 'NOT_FOUND: Cannot find metric(s) that match type = "logging.googleapis.com/user/restock_errors".'
    scripted((1, f"ERROR: (gcloud.alpha.monitoring.policies.create) {words}"))
    said: list[str] = []
    slept: list[float] = []

    with pytest.raises(CommandFailedError, match="Cannot find metric"):
        Runner(said.append, slept.append).run("alerts", COMMAND)

    assert sum(slept) >= 600
    assert "a new metric is not known to the alerts yet" in said[0]


def test_a_forbidden_command_has_its_substitute(scripted) -> None:
    scripted((1, "ERROR: One or more users named in the policy do not belong to a permitted customer."), (0, ""))
    instead = Command(("gcloud", "run"), "the check is switched off")
    tool = runner([])

    tool.run("callers", gcloud(settings(), "run", reason="open", instead=("permitted customer", instead)))

    assert tool.calls[-1] == ("gcloud", "run")


def test_what_is_not_there_reads_as_nothing_and_other_errors_raise(scripted) -> None:
    scripted((1, "ERROR: (gcloud.storage) gs://x not found: 404."), (1, "ERROR: PERMISSION_DENIED"))
    tool = runner([])

    assert tool.read(COMMAND) is None
    with pytest.raises(CommandFailedError):
        tool.read(COMMAND)


CLOSED = (
    "ERROR: (gcloud.pubsub.topics.list) PERMISSION_DENIED: Cloud Pub/Sub API has not been used in project 5 before "
    "or it is disabled. If you enabled this API recently, wait a few minutes."
)


def test_what_stands_is_read_again_while_a_just_enabled_api_opens(scripted) -> None:
    scripted((1, CLOSED), (1, CLOSED), (0, '[{"name": "projects/p/topics/t"}]'))
    said: list[str] = []
    standing = Standing(services=[{"name": "projects/5/services/pubsub.googleapis.com"}])

    read_again(settings(), runner(said), standing, {"topics"})

    assert standing.named("topics", "t")
    assert said[0] == "    a just enabled API is not open yet: trying again in 5 s"


def test_an_api_that_is_off_is_told_at_once_with_the_command_that_opens_it(scripted) -> None:
    scripted((1, CLOSED))
    tool = runner([])

    with pytest.raises(CommandFailedError, match="gcloud services enable API"):
        tool.read(COMMAND)

    assert len(tool.calls) == 1


def test_no_gcloud_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CommandFailedError, match="Install the Google Cloud CLI"):
        runner([]).run("any", COMMAND)


def services(**addresses: str) -> Standing:
    return Standing(
        run_services=[
            {"metadata": {"name": f"restock-{door}"}, "status": {"url": url}} for door, url in addresses.items()
        ]
    )


HEALTHY = json.dumps({"status": "healthy", "model_loaded": True}).encode()


def test_the_smoke_test_says_what_the_shop_should_see() -> None:
    said: list[str] = []

    def fetch(url: str, bearer: str = "") -> tuple[int, bytes]:
        return (200, HEALTHY) if url == "https://f/health" else (401 if url.startswith("https://f") else 403, b"")

    smoke(settings(), services(forecast="https://f", retrain="https://r"), said.append, fetch)

    assert said[-1] == "The shop should see: forecasts, from the model that was live before."


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"https://f/health": (500, b"broken")}, "expected 200, got 500: broken"),
        ({"https://f/health": (200, b"<html>")}, "expected JSON"),
        ({"https://f/health": (200, HEALTHY), "https://f/parts": (200, b"{}")}, "expected 401 or 403, got 200"),
        ({"https://f/health": (200, HEALTHY), "https://r": (200, b"")}, "expected a refusal, got 200"),
    ],
)
def test_the_smoke_test_fails_where_a_door_stands_open_or_is_broken(answers: dict, told: str) -> None:
    def fetch(url: str, bearer: str = "") -> tuple[int, bytes]:
        return answers.get(url, (401, b""))

    with pytest.raises(CommandFailedError, match=re_escape(told)):
        smoke(settings(), services(forecast="https://f", retrain="https://r"), print, fetch)


def test_without_an_identity_token_a_forecast_behind_iam_is_only_seen_to_refuse() -> None:
    said: list[str] = []
    standing, wanted = services(forecast="https://f", retrain="https://r"), settings(auth="iam")

    smoke(wanted, standing, said.append, lambda _url, _bearer="": (403, b""), lambda: "")

    assert "  forecast refuses a caller without a token" in said
    assert said[-1].startswith("  what forecast answers was not checked")
    with pytest.raises(CommandFailedError, match="health without a token: expected 401 or 403, got 200"):
        smoke(wanted, standing, said.append, lambda _url, _bearer="": (200, HEALTHY), lambda: "")


def re_escape(text: str) -> str:
    return text.replace("(", r"\(").replace(")", r"\)")


def test_the_operators_verbs_run_with_the_deployments_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict = {}

    def run(argv: list[str], **how: object) -> subprocess.CompletedProcess:
        seen.update(argv=argv, **how)
        return subprocess.CompletedProcess(argv, 3)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(operate, "ROOT", ROOT)

    assert operate.restock(settings(), "5", ["rollback", "7", "--pin"]) == 3
    assert seen["argv"][1:] == ["-m", "restock", "rollback", "7", "--pin"]
    assert seen["env"]["RESTOCK_BUCKET"] == "my-shop-restock"
    assert seen["env"]["RETRAIN_URL"] == "https://restock-retrain-5.europe-west1.run.app"


def test_what_leads_to_an_emulator_or_another_shop_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "TASKS_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"):
        monkeypatch.setenv(name, "127.0.0.1:1")
    monkeypatch.setenv("COMPLETED_STATUSES", "closed")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "me.json")

    found = operate.inherited()

    assert not [name for name in found if name.endswith("_EMULATOR_HOST") or name == "COMPLETED_STATUSES"]
    assert found["GOOGLE_APPLICATION_CREDENTIALS"] == "me.json"


def test_an_import_of_usage_runs_beside_the_other_verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(argv: list[str], **how: object) -> subprocess.CompletedProcess:
        seen.append(argv)
        return subprocess.CompletedProcess(argv, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(operate, "ROOT", ROOT)

    operate.restock(settings(), "5", ["import-usage", "old.csv", "--before", "2024-03-01"])

    assert seen[0][1:] == ["-m", "restock", "import-usage", "old.csv", "--before", "2024-03-01"]
