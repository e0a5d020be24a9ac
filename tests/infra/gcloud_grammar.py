"""The real gcloud's grammar, without running anything: which of these commands would it refuse as it reads them?

Run with gcloud's own Python: lists of words come as JSON on standard input; what is wrong with each, or "", goes out.
All in one process, for most of a call of gcloud is its start.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.infra.warm_gcloud import sdk_python, sdk_root


def refused(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> list[str]:
    """For each command, without its first word "gcloud", what gcloud has against it."""
    done = subprocess.run(
        [sdk_python(), "-S", __file__, str(sdk_root())],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        input=json.dumps(commands),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[str] = json.loads(done.stdout)
    return answers


def main(root: str) -> None:
    sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]
    from googlecloudsdk.core import log  # type: ignore[import-not-found]
    from googlecloudsdk.gcloud_main import CreateCLI  # type: ignore[import-not-found]

    # Private, and the only way in that stops before the command runs; _TopElement is what Execute() itself begins with.
    grammar = CreateCLI([])._TopElement()._parser
    answers = []
    for words in json.load(sys.stdin):
        said = io.StringIO()
        log.SetUserOutputEnabled(True)
        log.Reset(said, said)
        try:
            with contextlib.redirect_stderr(said):
                grammar.parse_args(words)
            answers.append("")
        except (SystemExit, Exception) as exc:
            answers.append(f"{said.getvalue()}{exc!r}")
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
