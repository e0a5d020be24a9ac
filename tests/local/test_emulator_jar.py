"""A jar is looked at before it is started: which class starts it, and which Java it wants."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from local import machine
from local.emulator_jar import MAIN_CLASS, Program, program_in, refuse_old_java
from local.processes import ProcessError


def jar(folder: Path, *, main: str = MAIN_CLASS, java: int = 11, manifest: str = "") -> Path:
    file = folder / f"{main}-{java}.jar"
    start = b"\xca\xfe\xba\xbe\x00\x00" + (44 + java).to_bytes(2, "big")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(main.replace(".", "/") + ".class", start)
        if manifest:
            archive.writestr("META-INF/MANIFEST.MF", manifest)
    return file


def test_the_usual_main_class_is_found_without_a_manifest(tmp_path: Path) -> None:
    assert program_in(jar(tmp_path)) == Program(MAIN_CLASS, 11)


def test_a_main_class_of_another_name_is_read_from_the_manifest(tmp_path: Path) -> None:
    manifest = "Manifest-Version: 1.0\r\nMain-Class: com.google.emulators.fire\r\n store.Main\r\n"

    other = jar(tmp_path, main="com.google.emulators.firestore.Main", java=21, manifest=manifest)

    assert program_in(other) == Program("com.google.emulators.firestore.Main", 21)


def test_a_jar_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"no Firestore emulator that Restock can start.*FIRESTORE_EMULATOR_JAR"):
        program_in(jar(tmp_path, main="org.example.Main"))


def test_half_a_jar_is_refused(tmp_path: Path) -> None:
    whole = jar(tmp_path)
    whole.write_bytes(whole.read_bytes()[:40])

    with pytest.raises(ProcessError, match=r"is no whole jar .*: delete it"):
        program_in(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="the Java is a shell script")
def test_an_old_java_is_refused_by_version(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.9\" 2023-10-17' >&2\n")
    java.chmod(0o755)

    refuse_old_java(str(java), jar(tmp_path, java=17))
    with pytest.raises(ProcessError, match=r"wants Java 21 or newer, and .*java is 17: run `make setup`"):
        refuse_old_java(str(java), jar(tmp_path, java=21))


@pytest.mark.needs("firestore")
def test_the_emulator_of_this_machine_is_one_that_restock_can_start() -> None:
    java, found = machine.java(), machine.firestore_jar()
    assert java
    assert found

    refuse_old_java(java, Path(found))

    assert program_in(Path(found)).main_class == MAIN_CLASS


def test_what_is_pinned_is_named_whole() -> None:
    pin = json.loads(machine.EMULATOR_PIN.read_text())

    assert set(pin) == {"version", "url", "size_bytes", "sha256"}
    assert pin["url"].endswith(f"-v{pin['version']}.jar")
    assert len(bytes.fromhex(pin["sha256"])) == 32
