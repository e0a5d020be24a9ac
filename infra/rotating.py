"""The settings file with one account's next number in it: the rest of the file stays as its owner wrote it."""

from __future__ import annotations

import re

from infra.settings import InfraSettings

TABLE = re.compile(r"^\[rotated\][^\n]*\n?", re.MULTILINE)


def rotated(text: str, account: str, settings: InfraSettings) -> str:
    """
    >>> from infra.settings import complete
    >>> now = complete({"project": "my-shop", "region": "europe-west1", "time_zone": "Europe/Paris", "size": "large",
    ...                 "auth": "iam", "alert_email": "a@b.de", "rotated": {"tasks": 2}})
    >>> print(rotated("[retrain]\\ncpu = 4\\n[rotated]\\ntasks = 2\\n[forecast]\\n", "tasks", now))
    [retrain]
    cpu = 4
    [rotated]
    tasks = 3
    [forecast]
    <BLANKLINE>
    >>> print(rotated("[retrain]\\ncpu = 4", "build", now))
    [retrain]
    cpu = 4
    <BLANKLINE>
    [rotated]
    build = 2
    <BLANKLINE>
    """
    line = f"{account} = {settings.rotated.get(account, 1) + 1}\n"
    table = TABLE.search(text)
    if table is None:
        return f"{text.rstrip()}\n\n[rotated]\n{line}"
    head, below = text[: table.end()].rstrip("\n") + "\n", text[table.end() :]
    own, *others = re.split(r"^(?=\[)", below, maxsplit=1, flags=re.MULTILINE)
    own = re.sub(rf"^{account}\s*=[^\n]*\n?", "", own, flags=re.MULTILINE)
    return head + line + own + "".join(others)
