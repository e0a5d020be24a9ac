"""A command as a value: what would run and why. Building one touches nothing; :mod:`infra.runner` runs it.

Every command stands in its file as the one line that would be typed, with names in braces::

    gcloud(settings, "tasks queues purge {queue} --location={region}", reason="...")

The line is split first and filled in afterwards, so a value never becomes two words, whatever it holds. Every gcloud
command names its project, asks nothing and never depends on what the operator's gcloud is configured to.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.settings import InfraSettings

FILES = Path("build/infra")  # where files named on a command line are written, just before it runs
Value = str | int | tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """One call of gcloud."""

    argv: tuple[str, ...]
    reason: str
    files: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()  # fields of Standing to read anew afterwards
    instead: tuple[str, Command] | None = None  # when gcloud refuses in these words, this command does

    def text(self) -> str:
        """The command as one would type it, with the files it reads written out."""
        lines = [typed(self.argv)]
        lines += [f"  where {FILES / name} holds {content}" for name, content in self.files.items()]
        if self.instead:
            lines += [f"  or, where it is refused ({self.instead[0]}):", f"  {self.instead[1].text()}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class ApiCall:
    """One call of a Google API, where gcloud has no flag for what it must say."""

    method: str
    url: str
    body: Mapping[str, Any]
    reason: str
    changes: tuple[str, ...] = ()
    accepts: tuple[int, ...] = ()  # error codes that mean: it is so already

    def text(self) -> str:
        return f"{self.method} {self.url}\n  with {json.dumps(self.body)}"


Change = Command | ApiCall


def typed(argv: tuple[str, ...], width: int = 110) -> str:
    """As one would type it, on as many lines as it takes."""
    lines = [""]
    for word in map(shlex.quote, argv):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines[-1] += " \\"
            lines.append(f"    {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def gcloud(  # noqa: PLR0913  # what a command is, each named in every call
    settings: InfraSettings,
    line: str,
    *,
    reason: str,
    files: Mapping[str, str] | None = None,
    changes: tuple[str, ...] = (),
    instead: tuple[str, Command] | None = None,
    **values: Value,
) -> Command:
    """Build one gcloud command from its line, the settings' names and ``values``."""
    words = words_of(f"{line} --project={{project}} --quiet", {**settings.names, **values})
    return Command(("gcloud", *words), reason, files or {}, changes, instead)


def words_of(line: str, values: Mapping[str, Value]) -> tuple[str, ...]:
    """Split a line as a shell would, then fill in; a tuple standing alone becomes as many words as it has.

    >>> words_of("tasks queues update {queue} --note={note} {flags}", {"queue": "q", "note": "a b", "flags": ("-x",)})
    ('tasks', 'queues', 'update', 'q', '--note=a b', '-x')
    """
    words: list[str] = []
    for word in shlex.split(line):
        alone = values.get(word[1:-1]) if word[:1] == "{" and word[-1:] == "}" else None
        words += alone if isinstance(alone, tuple) else [word.format_map(values)]
    return tuple(words)


def file_flag(flag: str, name: str, content: Any) -> tuple[str, dict[str, str]]:
    """A flag that wants a file, and that file: gcloud reads real files only, no pipes."""
    return f"{flag}={FILES / name}", {name: json.dumps(content, indent=None, sort_keys=True)}


def mapping_flag(flag: str, values: Mapping[str, str]) -> str:
    """KEY=VALUE pairs as gcloud wants them, with another separator where a value holds a comma.

    >>> mapping_flag("--set-env-vars", {"A": "1", "B": "x,y"})
    '--set-env-vars=^|^A=1|B=x,y'
    """
    separator = next(mark for mark in ",|;~@#" if not any(mark in value for value in values.values()))
    lead = "" if separator == "," else f"^{separator}^"
    return f"{flag}={lead}" + separator.join(f"{key}={value}" for key, value in values.items())


def digest_of(value: Any) -> str:
    """A short digest that a label can hold: tells whether what stands was made from the same definition."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:24]
