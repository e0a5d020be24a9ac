"""A file per kind of resource. Each says what it makes, compares, grants and undoes; all of it pure, none of it run.

``due`` compares what stands with what should and answers the missing commands, roles included (infra/grants.py holds
who may do what where). ``undo`` answers the commands that take it away again, from what stands: half torn down, only
those still due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.command import Change
from infra.settings import InfraSettings
from infra.standing import Standing


@dataclass(frozen=True)
class Removal:
    """What a teardown takes beyond what can be made again in minutes."""

    with_data: bool = False
    with_queue: bool = False


KEEPING = Removal()
Due = Callable[[InfraSettings, Standing], list[Change]]
Undo = Callable[[InfraSettings, Standing, Removal], list[Change]]


def stays(_settings: InfraSettings, _standing: Standing, _removal: Removal) -> list[Change]:
    """Nothing to undo: it goes with something else, or is not ours to take away."""
    return []


@dataclass(frozen=True)
class DeployPart:
    """One paragraph of a deploy. ``looks_at`` names what must be read anew if something before has changed it,
    ``read_back`` what is read after it made something, and ``is_made`` whether it is there then: Google may say that it
    made a thing and not have done it."""

    title: str
    due: Due
    undo: Undo = stays
    looks_at: tuple[str, ...] = ()
    read_back: tuple[str, ...] = ()
    is_made: Callable[[InfraSettings, Standing], bool] = lambda _settings, _standing: True
