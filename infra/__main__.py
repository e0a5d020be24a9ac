"""python3 -m infra VERB: plan, deploy, smoke, status, replay, teardown, stage, cost, and what ``restock`` knows.

Everything comes from infra/settings.toml. A mistake or a refusal ends with exit status 1 and says what to do; after an
interrupted deploy the same command goes on from where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from infra import cost, operate, prerequisites
from infra.deploy import deploy, plan
from infra.errors import InfraError
from infra.parts.functions import variables_of
from infra.replay import replay
from infra.runner import Runner
from infra.settings import DOORS, ROOT, InfraSettings, load
from infra.smoke import smoke
from infra.stage import stage, stage_all
from infra.standing import Standing, read_again, read_all, read_project
from infra.teardown import teardown


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m infra", description="Restock on Google Cloud.")
    parser.add_argument(
        "--settings", type=Path, default=ROOT / "infra/settings.toml", help="default: infra/settings.toml"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("plan", help="print every command a deploy would run, and why; change nothing")
    one.add_argument(
        "--from-empty", action="store_true", help="the first deploy into an empty project; asks Google nothing"
    )
    one = verbs.add_parser("deploy", help="make what is missing; safe to run again and again")
    one.add_argument("--no-smoke", action="store_true", help="do not call the deployed functions at the end")
    verbs.add_parser("smoke", help="call the deployed functions as the shop would")
    one = verbs.add_parser("replay", help="send dead deliveries again")
    one.add_argument("--look", action="store_true", help="only show them")
    for verb, what in operate.VERBS.items():
        one = verbs.add_parser(
            verb, help=what, add_help=False, prefix_chars="\0"
        )  # options are for restock's own parser
        one.add_argument("rest", nargs=argparse.REMAINDER, help="for python -m restock")
    one = verbs.add_parser("teardown", help="remove what deploy made; keeps data unless told")
    one.add_argument("--with-data", action="store_true", help="also history, models and Restock's own documents")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one = verbs.add_parser("stage", help="fill build/<function>/")
    one.add_argument("doors", nargs="*", choices=[[], *DOORS], metavar="FUNCTION")
    cost.add_arguments(verbs.add_parser("cost", help="what a month costs"))
    return parser


def main(argv: list[str] | None = None, runner: Runner | None = None) -> int:
    asked = arguments().parse_args(argv)
    try:
        return run(asked, runner or Runner(say=lambda line: print(line, flush=True)))
    except InfraError as exc:
        print(f"\n{exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted. Run the same command again: it goes on from here.", file=sys.stderr)
        return 130


def run(asked: argparse.Namespace, runner: Runner) -> int:
    if asked.verb == "stage":
        for door in asked.doors or DOORS:
            staged = stage(door)
            print(f"{staged.folder.relative_to(ROOT)}: {len(staged.files)} files, {staged.digest[:12]}")
        return 0
    if asked.verb == "cost":
        return cost.run(asked)
    settings = load(asked.settings)
    for door in DOORS:
        variables_of(settings, door, "0")  # wrong variables are refused before Google is asked anything
    if asked.verb == "plan" and asked.from_empty:
        plan(settings, Standing(), stage_all(), print)
        return 0
    prerequisites.check_gcloud(runner)
    project = read_project(settings, runner)
    if asked.verb in operate.VERBS and asked.verb != "status":
        return operate.restock(settings, str(project.get("projectNumber", "")), [asked.verb, *asked.rest])
    return with_project(asked, settings, runner, project)


def with_project(asked: argparse.Namespace, settings: InfraSettings, runner: Runner, project: dict[str, Any]) -> int:
    if asked.verb in {"plan", "deploy"}:
        prerequisites.check_project(settings, runner, project)
    else:
        prerequisites.refuse([] if project else [f"project {settings.project} is not there: check the settings"])
    runner.say(f"reading what stands in {settings.project} ...")
    standing = read_all(settings, runner, project)
    if asked.verb == "plan":
        for remark in prerequisites.check_standing(settings, standing):
            runner.say(f"  remark: {remark}")
        plan(settings, standing, stage_all(), print)
    elif asked.verb == "deploy":
        for remark in prerequisites.check_standing(settings, standing):
            runner.say(f"  remark: {remark}")
        made = deploy(settings, standing, stage_all(), runner)
        if made:
            read_again(settings, runner, standing, {"run_services"})
        if not asked.no_smoke:
            runner.say("smoke test:")
            smoke(settings, standing, runner.say)
    elif asked.verb == "smoke":
        smoke(settings, standing, runner.say)
    elif asked.verb == "status":
        operate.show(settings, standing, runner.say)
        return operate.restock(settings, standing.number, ["status", *asked.rest])
    elif asked.verb == "replay":
        replay(settings, standing, runner.say, look_only=asked.look)
    elif asked.verb == "teardown":
        return take_down(asked, settings, standing, runner)
    return 0


def take_down(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    due = teardown(settings, standing, with_data=asked.with_data)
    for change in due:
        print(f"  # {change.reason}\n  {change.text()}")
    print(
        f"{len(due)} command(s). "
        + ("DATA IS DELETED TOO." if asked.with_data else "History, models and documents stay.")
    )
    if (
        due
        and not asked.yes
        and input(f"Type the project's id ({settings.project}) to go on: ").strip() != settings.project
    ):
        print("nothing was removed.")
        return 1
    for place, change in enumerate(due, start=1):
        print(f"[{place}/{len(due)}] {change.reason}", flush=True)
        runner.run("teardown", change)
    return 0


if __name__ == "__main__":
    sys.exit(main())
