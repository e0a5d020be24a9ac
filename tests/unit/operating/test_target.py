"""Where a verb acts is said first; a real project is changed only after a yes; no verb acts on half of two."""

from __future__ import annotations

import io
import sys

import pytest

from restock import __main__ as command
from restock.errors import SettingsError
from restock.operating.command_line import VERBS
from restock.operating.target import EMULATORS, target_of
from tests.builders import environment

CHANGING = [name for name, verb in VERBS.items() if verb.changes]
WORDS = {"rollback": ["1"], "forget": ["a1"], "erase": ["a1"], "import-usage": ["f.csv", "--before", "2024-01-01"]}


@pytest.fixture
def done(monkeypatch):
    for name in EMULATORS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    done = []
    monkeypatch.setattr(command, "DOES", {verb: lambda asked, on: done.append(asked.verb) or 0 for verb in VERBS})
    return done


@pytest.mark.parametrize("verb", CHANGING)
@pytest.mark.parametrize("typed", ["y\n", "yes\n", "n\n", "\n", ""])
def test_a_real_project_is_changed_only_after_a_yes(verb, typed, done, monkeypatch, capsys):
    is_done = typed.startswith("y")
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))

    ended = command.main([verb, *WORDS.get(verb, [])])

    assert done == ([verb] if is_done else [])
    assert ended == (0 if is_done else 1)
    assert f"{verb} changes project demo-restock. Go on?" in capsys.readouterr().out


@pytest.mark.parametrize("verb", CHANGING)
def test_who_has_said_yes_is_not_asked(verb, done, capsys):
    assert command.main([verb, *WORDS.get(verb, []), "--yes"]) == 0
    assert done == [verb]
    assert capsys.readouterr().out == f"{verb}: project demo-restock\n"


def test_looking_and_the_local_stack_ask_nothing(done, monkeypatch):
    assert command.main(["status"]) == 0
    for name in EMULATORS:
        monkeypatch.setenv(name, "127.0.0.1:1")

    assert command.main(["pin"]) == 0
    assert done == ["status", "pin"]


@pytest.mark.parametrize("present", EMULATORS)
def test_half_a_local_stack_is_refused(present):
    with pytest.raises(SettingsError, match="half of this would act on project my-shop"):
        target_of("my-shop", {present: "127.0.0.1:1"})


def test_a_verb_without_any_restock_to_mean_says_how_to_get_one(monkeypatch, capsys):
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    assert command.main(["status"]) == 2

    told = capsys.readouterr().err
    assert "GOOGLE_CLOUD_PROJECT is not set" in told
    assert "python -m local VERB" in told
