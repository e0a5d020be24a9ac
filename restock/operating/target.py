"""Where a verb acts: on the local stack or on a project of Google's. Said first, and never a mixture of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from restock.errors import SettingsError

EMULATORS = ("FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "TASKS_EMULATOR_HOST")


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    is_local: bool


def target_of(project: str, environment: Mapping[str, str]) -> Target:
    """Raises SettingsError where only some stores are local, for then half of a verb would act on a real project.

    >>> target_of("my-shop", {}).name
    'project my-shop'
    >>> target_of("demo-restock", dict.fromkeys(EMULATORS, "127.0.0.1:1")).name
    'the local stack'
    """
    present = [name for name in EMULATORS if environment.get(name)]
    absent = [name for name in EMULATORS if name not in present]
    if present and absent:
        raise SettingsError(
            f"{', '.join(present)} is set and {', '.join(absent)} is not: half of this would act on project {project}. "
            "Set all three or none"
        )
    return Target("the local stack", True) if present else Target(f"project {project}", False)
