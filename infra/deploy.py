"""One deploy, top to bottom: read what stands, then part by part make what is missing. A plan stops before making.

A teardown is the same parts from the last to the first, each undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infra.command import Change
from infra.errors import CommandFailedError
from infra.parts import (
    DeployPart,
    Removal,
    access,
    budget,
    dead_letters,
    firestore,
    first_training,
    foundation,
    functions,
    images,
    monitoring,
    queue,
    rotation,
    schedule,
    storage,
    sweep,
)
from infra.reading import read_again
from infra.runner import Runner
from infra.settings import InfraSettings
from infra.stage import Staged
from infra.standing import Standing

SHORT = 20
"""As many changes are shown one by one."""


def parts(staged: Mapping[str, Staged]) -> tuple[DeployPart, ...]:
    return (
        foundation.APIS_PART,
        foundation.DATABASE,
        # Early: a build with an account whose roles are seconds old is refused.
        foundation.ACCOUNTS_PART,
        images.PART,
        # Early: an alert can't name a metric until it is some minutes old, and the functions' builds lie between.
        monitoring.METRICS,
        storage.PART,
        firestore.TIME_TO_LIVE,
        firestore.EXEMPTIONS,
        queue.PART,
        dead_letters.KEPT,
        functions.part("forecast", staged),
        access.CALLERS["forecast"],
        functions.part("retrain", staged),
        access.ADDRESS,
        access.CALLERS["retrain"],
        functions.part("on_appointment", staged),
        access.CALLERS["on_appointment"],
        sweep.part(staged),
        schedule.PART,
        access.SIGNER,
        dead_letters.ATTACHED,
        rotation.PART,
        first_training.PART,
        monitoring.CHANNEL,
        monitoring.ALERTS,
        monitoring.DASHBOARD,
        budget.PART,
    )


def changes(
    settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged]
) -> Iterator[tuple[DeployPart, list[Change]]]:
    """Every part with what it would change, from what stands now."""
    for part in parts(staged):
        yield part, part.due(settings, standing)


def plan(settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged], say: Callable[[str], None]) -> int:
    """Print every command that a deploy would run and why. Returns how many there are."""
    number = 0
    for part, due in changes(settings, standing, staged):
        if due:
            say(f"\n{part.title}")
        for change in due:
            number += 1
            say(f"\n  # {change.reason}")
            say("  " + change.text().replace("\n", "\n  "))
    say(f"\n{number} change(s)." if number else "Nothing to do: what stands is what is wanted.")
    return number


def summary(
    settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged], say: Callable[[str], None]
) -> int:
    """The plan in at most a screen: each change while they are few, else a line for each part."""
    due = [(part.title, [change.reason for change in found]) for part, found in changes(settings, standing, staged)]
    number = sum(len(reasons) for _title, reasons in due)
    if not number:
        say("Nothing to do: what stands is what is wanted.")
        return 0
    say(f"A deploy makes {number} change(s):")
    for title, reasons in due:
        together = [f"{len(reasons)} changes: {'; '.join(reasons)}"]
        for line in together if number > SHORT and len(reasons) > 1 else reasons:
            whole = f"  {title + ':':32} {line}"
            say(_cut(whole) if number > SHORT else whole)
    say("Every command in full: python3 -m infra plan --commands")
    return number


def _cut(line: str, width: int = 120) -> str:
    return line if len(line) <= width else f"{line[: width - 4]} ..."


def deploy(settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged], runner: Runner) -> int:
    """Make what is missing, part by part. Interrupted anywhere, the next deploy goes on from there."""
    made, stale = 0, set[str]()
    all_parts = parts(staged)
    for place, part in enumerate(all_parts, start=1):
        if again := stale & set(part.looks_at):
            read_again(settings, runner, standing, again)
            stale -= again
        due = part.due(settings, standing)
        runner.say(
            f"[{place}/{len(all_parts)}] {part.title}: " + (f"{len(due)} change(s)" if due else "as it should be")
        )
        for change in due:
            runner.say(f"  - {change.reason}")
            runner.run(part.title, change)
            stale |= set(change.changes)
            made += 1
        if due and part.read_back:
            read_again(settings, runner, standing, set(part.read_back))
            stale -= set(part.read_back)
            if not part.is_made(settings, standing):
                raise _not_made(part)
    runner.say(f"{made} change(s) made." if made else "Nothing to do: what stands is what is wanted.")
    return made


def _not_made(part: DeployPart) -> CommandFailedError:
    return CommandFailedError(
        f"step: {part.title}\nGoogle said that it was made; read back, it is not there.\n"
        "what to do: look for it in the console; a queue's name stays blocked for days once it was deleted: write "
        "another one into the settings (queue = ...).\nThen run this again: it goes on from here."
    )


def teardown(settings: InfraSettings, standing: Standing, removal: Removal) -> list[Change]:
    """Everything that deploy made, last made first. Never touched: the database, the app's documents, APIs, and the
    buckets in which the platform itself keeps uploaded sources."""
    return [change for part in reversed(parts({})) for change in part.undo(settings, standing, removal)]
