"""One deploy, top to bottom: read what stands, then part by part make what is missing. A plan stops before making."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from infra.command import Change
from infra.parts import access, dead_letters, first_training, foundation, functions, images, monitoring, queue, schedule
from infra.parts import firestore as collections
from infra.parts import storage as bucket
from infra.runner import Runner
from infra.settings import InfraSettings
from infra.stage import Staged
from infra.standing import Standing, read_again

Compare = Callable[[InfraSettings, Standing], list[Change]]


@dataclass(frozen=True)
class Part:
    """One paragraph of a deploy. ``looks_at`` names what must be read anew if something before has changed it."""

    title: str
    compare: Compare
    looks_at: tuple[str, ...] = ()


def parts(staged: Mapping[str, Staged]) -> tuple[Part, ...]:
    def deploying(door: str) -> Compare:
        return lambda settings, standing: functions.function(door, settings, standing, staged)

    return (
        Part("Google APIs", foundation.apis),
        Part("database", foundation.database, foundation.EVERYTHING),
        # Early: an alert can't name a metric until it is some minutes old, and the functions' builds lie between.
        Part("metrics", monitoring.metrics),
        Part("service accounts", foundation.accounts),
        Part("roles on the project", foundation.project_roles),
        Part("bucket", bucket.bucket),
        Part("roles on the bucket", bucket.bucket_roles),
        Part("expiry of Restock's documents", collections.time_to_live, ("databases",)),
        Part("indexes Restock does not need", collections.exemptions),
        Part("queue", queue.queue),
        Part("roles on the queue", queue.queue_roles),
        Part("roles on the queue's account", queue.tasks_account_roles),
        Part("image repository", images.repository),
        Part("roles on the image repository", images.repository_roles),
        Part("function forecast", deploying("forecast")),
        Part("callers of forecast", access.forecast_callers),
        Part("function retrain", deploying("retrain")),
        Part("address of retrain", access.address, ("run_services",)),
        Part("callers of retrain", partial(access.private_callers, "retrain")),
        Part("function on_appointment", deploying("on_appointment")),
        Part("callers of on_appointment", partial(access.private_callers, "on_appointment")),
        Part("schedule", schedule.schedule),
        Part("dead letters", dead_letters.kept),
        Part("signer of deliveries", access.signer_of_deliveries, ("project_policy",)),
        Part("dead letters of the trigger", dead_letters.attached, ("functions", "triggers", "subscriptions")),
        Part("first training", first_training.first_training),
        Part("alert channel", monitoring.channel),
        Part("alerts", monitoring.policies, ("channels",)),
        Part("dashboard", monitoring.dashboard),
    )


def changes(
    settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged]
) -> Iterator[tuple[Part, list[Change]]]:
    """Every part with what it would change, from what stands now."""
    for part in parts(staged):
        yield part, part.compare(settings, standing)


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


def deploy(settings: InfraSettings, standing: Standing, staged: Mapping[str, Staged], runner: Runner) -> int:
    """Make what is missing, part by part. Interrupted anywhere, the next deploy goes on from there."""
    made, stale = 0, set[str]()
    all_parts = parts(staged)
    for place, part in enumerate(all_parts, start=1):
        if again := stale & set(part.looks_at):
            read_again(settings, runner, standing, again)
            stale -= again
        due = part.compare(settings, standing)
        runner.say(
            f"[{place}/{len(all_parts)}] {part.title}: " + (f"{len(due)} change(s)" if due else "as it should be")
        )
        for change in due:
            runner.say(f"  - {change.reason}")
            runner.run(part.title, change)
            stale |= set(change.changes)
            made += 1
    runner.say(f"{made} change(s) made." if made else "Nothing to do: what stands is what is wanted.")
    return made
