"""A table of TOML read into a frozen dataclass: every mistake at once, each with its key and its remedy.

A deploy needs python3 and gcloud and nothing installed, so this stands in place of a library for models. Each field
declares its reader, and a reader either returns a value of the field's type or raises :class:`WrongError`; nothing
that was not read reaches the rest of the tool, whatever a file says.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields
from typing import Any, TypeVar

Reader = Callable[[str, Any], Any]
Shape = TypeVar("Shape")


class WrongError(ValueError):
    """What a reader refuses: a list of mistakes, each a sentence."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def read_by(reader: Reader, default: Any = MISSING) -> Any:
    """Declare a field with its reader; without a default the file must say it."""
    return field(default=default, metadata={"reader": reader})


def text(pattern: str, remedy: str, also: Callable[[str], str] = lambda _value: "") -> Reader:
    """A text of this form. ``also`` says what else is wrong with one, or nothing."""

    def read(key: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise WrongError(f"{key} is empty; write {remedy}" if value == "" else _refused(key, value, remedy))
        if wrong := also(value):
            raise WrongError(f"{key} = {value!r} {wrong}")
        return value

    return read


def choice(*choices: str) -> Reader:
    def read(key: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise WrongError(f"{key} = {value!r} is none of {', '.join(choices)}")
        return value

    return read


def whole(low: int, high: int) -> Reader:
    def read(key: str, value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise WrongError(_refused(key, value, f"a whole number from {low} to {high}, without quotes"))
        return value

    return read


def yes_or_no(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongError(_refused(key, value, "true or false, without quotes"))
    return value


def texts(pattern: str, remedy: str) -> Reader:
    """A list of texts of one form."""

    def read(key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise WrongError(_refused(key, value, f'a list in square brackets, even of one: ["..."]; in it {remedy}'))
        wrong = [one for one in value if not isinstance(one, str) or not re.fullmatch(pattern, one)]
        if wrong:
            raise WrongError(*(f"{key} names {one!r}; write {remedy}" for one in wrong))
        return tuple(value)

    return read


def pairs(wrong: Callable[[str], str]) -> Reader:
    """A table of names with texts. ``wrong`` says what is wrong with a name, or nothing."""

    def read(key: str, value: Any) -> dict[str, str]:
        found = _table(key, value)
        mistakes = [
            f"[{key}] {name} = {one!r} is not text; write it in quotes"
            for name, one in found.items()
            if not isinstance(one, str)
        ]
        mistakes += [f"[{key}] {name} {told}" for name in found if (told := wrong(name))]
        if mistakes:
            raise WrongError(*mistakes)
        return found

    return read


def table(model: type[Any], wrong: Callable[[Any], list[str]] = lambda _read: []) -> Reader:
    """A table of its own. ``wrong`` says what is wrong with it as a whole."""

    def read(key: str, value: Any) -> Any:
        found = model_of(model, _table(key, value), prefix=f"[{key}] ")
        if mistakes := wrong(found):
            raise WrongError(*(f"[{key}] {mistake}" for mistake in mistakes))
        return found

    return read


def model_of(model: type[Shape], given: Mapping[str, Any], prefix: str = "") -> Shape:
    """Read a whole table; raises one :class:`WrongError` that names every mistake.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Size:
    ...     cpu: int = read_by(whole(1, 8))
    >>> model_of(Size, {"cpu": 2})
    Size(cpu=2)
    >>> model_of(Size, {"cpus": "2"})
    Traceback (most recent call last):
    infra.typed.WrongError: cpus is not a setting; did you mean cpu?; cpu is missing; see infra/settings.example.toml
    """
    declared = {one.name: one for one in fields(model) if "reader" in one.metadata}  # type: ignore[arg-type]  # a dataclass
    mistakes = [f"{prefix}{_did_you_mean(key, list(declared))}" for key in given if key not in declared]
    values: dict[str, Any] = {}
    for name, one in declared.items():
        if name not in given or (given[name] == "" and one.default == ""):
            if one.default is MISSING and one.default_factory is MISSING:
                mistakes.append(f"{prefix}{name} is missing; see infra/settings.example.toml")
            continue
        try:
            values[name] = one.metadata["reader"](f"{prefix}{name}", given[name])
        except WrongError as exc:
            mistakes += exc.mistakes
    if mistakes:
        raise WrongError(*mistakes)
    return model(**values)


def _table(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongError(f"{key} = {value!r} is not a table; write [{key}] and the names below it")
    return value


def _refused(key: str, value: Any, remedy: str) -> str:
    return f"{key} = {value!r} is refused; write {remedy}"


def _did_you_mean(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"{key} is not a setting; " + (f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}")
