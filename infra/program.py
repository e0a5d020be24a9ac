"""Where gcloud is. On Windows it is a batch file, which Python finds only by its whole name.

A batch file also has its arguments read once more by the command interpreter, to which our conditions and separators
(``|``, ``^``, quotes) mean something. So there gcloud's own Python is started directly, as the batch file would do.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.errors import CommandFailedError


def gcloud_program() -> list[str]:
    """The words that start gcloud."""
    found = shutil.which("gcloud")  # with the endings Windows runs, .cmd among them
    if found is None:
        raise CommandFailedError(
            "gcloud is not installed, or not on the PATH. Install the Google Cloud CLI "
            "(https://cloud.google.com/sdk), then: gcloud auth login"
        )
    if Path(found).suffix.lower() not in {".cmd", ".bat"}:
        return [found]
    root = Path(found).resolve().parent.parent
    python = root / "platform/bundledpython/python.exe"
    return [str(python), "-S", str(root / "lib/gcloud.py")] if python.exists() else [found]
