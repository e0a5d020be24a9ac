"""What the documents say to type is understood by what it is typed to: gcloud, infra, restock, make."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from infra import operate
from infra.__main__ import arguments
from restock.__main__ import parser as restock_arguments
from tests.infra.fake_apis import FakeGoogle
from tests.infra.fake_google import environment
from tests.infra.gcloud_grammar import refused
from tests.infra.test_settings import ROOT

TALKED_OF = {"CHANGELOG.md", "gotchas.md"}  # name commands, as docs/decisions does, and have none to type
DOCUMENTS = [
    path for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))] if path.name not in TALKED_OF
]
TYPED = re.compile(r"(gcloud|make|python3? -m (?:infra|restock)) ")
# What a reader puts in, where gcloud looks at its form.
PLACEHOLDERS = {"P": "my-shop", "R": "europe-west1", "B": "my-shop-restock", "GENERATION": "1764000000123456"}


def commands_of(text: str) -> list[str]:
    """Every command in a code block or between backticks, each on one line.

    >>> commands_of("Type `make\\nplan`, or not.\\n\\n    gcloud a \\\\\\n      b   # why\\n    make up   runs\\n")
    ['gcloud a b', 'make up', 'make plan']
    """
    joined = re.sub(r" *\\\n *", " ", text)
    lines = [re.split(r" {2,}", line)[0] for line in re.findall(r"^ {4,}(.+)$", joined, re.MULTILINE)]
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", joined)]
    return [found for found in [*lines, *spans] if TYPED.match(found)]


def words_of(command: str) -> list[str]:
    """As a shell would part them, with what the reader or the shell puts in."""
    dated = re.sub(
        r"\$\((date [^)]*)\)",
        lambda found: subprocess.run(shlex.split(found[1]), capture_output=True, text=True, check=True).stdout.strip(),
        command,
    )
    filled = re.sub(r"<[^>]*>", "1", dated.replace("$role", "roles/run.admin"))
    return [
        re.sub(r"\b(P|R|B|GENERATION)\b", lambda found: PLACEHOLDERS[found[1]], word) for word in shlex.split(filled)
    ]


def documented(program: str) -> list[tuple[str, list[str]]]:
    """(document, words after the program's name)"""
    return [
        (document.name, words_of(command.removeprefix(program)))
        for document in DOCUMENTS
        for command in commands_of(document.read_text(encoding="utf-8"))
        if command.startswith(f"{program} ")
    ]


@pytest.mark.needs("gcloud")
def test_every_gcloud_command_in_the_documents_is_one_that_gcloud_understands(tmp_path: Path) -> None:
    commands = documented("gcloud")
    wrong = [
        ["storage", "restor", "gs://b"],
        ["tasks", "queues", "resume"],
        ["functions", "logs", "read", "f", "--gen3"],
        ["functions", "logs", "read", "f", "--limit=many"],
    ]

    answers = refused([*(words for _name, words in commands), *wrong], environment(FakeGoogle(), tmp_path))

    assert [(*command, answer) for command, answer in zip(commands, answers, strict=False) if answer] == []
    assert all(answers[len(commands) :])
    assert len([name for name, _words in commands if name == "runbook.md"]) > 25


def test_no_command_in_the_documents_leaves_its_end_to_the_reader() -> None:
    assert [
        words
        for program in ("gcloud", "make", "python3 -m infra")
        for words in documented(program)
        if "..." in words[1]
    ] == []


def test_every_command_of_infra_and_restock_in_the_documents_is_understood() -> None:
    commands = [*documented("python3 -m infra"), *documented("python -m restock")]

    for _name, words in commands:
        if words == ["VERB"]:
            continue
        asked = arguments().parse_args(words)
        if asked.verb in operate.VERBS:
            assert [asked.verb, *asked.rest] == words
            restock_arguments().parse_args(words)
    assert len(commands) > 20


def test_every_make_line_in_the_documents_names_a_verb_and_variables_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    settable = {
        *re.findall(r"^override ([A-Z]+) :=", makefile, re.MULTILINE),
        *re.findall(r"\$\(value ([A-Z]+)\)", makefile),
    }
    commands = documented("make")

    for name, words in commands:
        for word in words:
            if word not in {"/", "make"}:  # "make pin / make unpin"
                assert word in verbs or word.partition("=")[0] in settable, (name, words)
    assert len(commands) > 50


def test_every_page_an_error_names_is_a_heading_of_the_runbook() -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("restock", "infra", "local")
        for path in (ROOT / folder).rglob("*.py")
    ]
    named = [page for text in sources for page in re.findall(r"(?i:runbook(?:\.md|\})), [\"']([A-Z][\w ,-]+)", text)]

    assert len(named) > 5
    assert [page for page in named if not any(heading.startswith(page) for heading in headings)] == []
