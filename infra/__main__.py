"""python3 -m infra VERB: plan, deploy, smoke, status, replay, teardown, stage, cost, and what ``restock`` knows.

Everything comes from infra/settings.toml. A mistake or a refusal ends with exit status 1 and says what to do; after an
interrupted deploy the same command goes on from where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from infra import chain_cost, cost, operate, prerequisites
from infra.deploy import deploy, plan, summary, teardown
from infra.errors import InfraError
from infra.parts import Removal
from infra.parts.functions import variables_of
from infra.reading import read_again, read_all, read_project
from infra.replay import replay
from infra.rotating import rotated
from infra.runner import Runner
from infra.settings import ACCOUNT_NAMES, DOORS, ROOT, InfraSettings, load
from infra.smoke import smoke, smoke_patiently
from infra.stage import STAGED, stage, stage_all
from infra.standing import Standing
from infra.traffic import rollbacks

NEW_BUCKET = "make an empty bucket, though Google could still give back the one that was deleted"


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m infra", description="Restock on Google Cloud.")
    parser.add_argument(
        "--settings", type=Path, default=ROOT / "infra/settings.toml", help="default: infra/settings.toml"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("plan", help="what a deploy would change, and why; changes nothing")
    one.add_argument("--commands", action="store_true", help="in full: every command a deploy would run")
    one.add_argument(
        "--from-empty",
        action="store_true",
        help="every command of a first deploy into an empty project; asks Google nothing",
    )
    one.add_argument("--new-bucket", action="store_true", help=NEW_BUCKET)
    one = verbs.add_parser("deploy", help="make what is missing; safe to run again and again")
    one.add_argument("--new-bucket", action="store_true", help=NEW_BUCKET)
    one.add_argument("--yes", action="store_true", help="do not ask; for machines")
    one.add_argument("--no-smoke", action="store_true", help="do not call the deployed functions at the end")
    one = verbs.add_parser("rotate", help="put a new service account in the place of one that was misused")
    one.add_argument("account", choices=ACCOUNT_NAMES, help="what it is for")
    one.add_argument("--yes", action="store_true", help="do not ask; for machines")
    one = verbs.add_parser("rollback-code", help="back to the code before, in seconds; the data stays as it is")
    one.add_argument("doors", nargs="*", choices=[[], *DOORS], metavar="FUNCTION", help="default: all three")
    one.add_argument("--yes", action="store_true", help="do not ask; for machines")
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
    one.add_argument("--with-queue", action="store_true", help="also the queue, whose name is then blocked for days")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one = verbs.add_parser("stage", help="fill build/<function>/")
    one.add_argument("doors", nargs="*", choices=[[], *STAGED], metavar="FUNCTION", help="sweep, too: a chain's job")
    one = verbs.add_parser("cost", help="what a month costs, and a chain's night")
    cost.add_arguments(one)
    one.add_argument("--shops", type=int, help="of a chain: its night alone, of shops of --size (small)")
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
    if asked.verb in WITHOUT_SETTINGS:
        return WITHOUT_SETTINGS[asked.verb](asked)
    settings = replace(load(asked.settings), new_bucket=getattr(asked, "new_bucket", False))
    for door in STAGED if settings.chain else DOORS:
        variables_of(settings, door, "0")  # wrong variables are refused before Google is asked anything
    if asked.verb == "plan" and asked.from_empty:
        plan(settings, Standing(), stage_all(chain=settings.chain), print)
        return 0
    prerequisites.check_gcloud(runner)
    project = read_project(settings, runner)
    if asked.verb not in WITH_PROJECT:
        return operate.restock(settings, str(project.get("projectNumber", "")), [asked.verb, *asked.rest])
    if asked.verb in {"plan", "deploy", "rotate"}:
        prerequisites.check_project(settings, runner, project)
    else:
        prerequisites.refuse([] if project else [f"project {settings.project} is not there: check the settings"])
    runner.say(f"reading what stands in {settings.project} ...")
    return WITH_PROJECT[asked.verb](asked, settings, read_all(settings, runner, project), runner)


def fill_build(asked: argparse.Namespace) -> int:
    for door in asked.doors or DOORS:
        staged = stage(door)
        print(f"{staged.folder.relative_to(ROOT)}: {len(staged.files)} files, {staged.digest[:12]}")
    return 0


def show_plan(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    for remark in prerequisites.check_standing(settings, standing):
        runner.say(f"  remark: {remark}")
    show = plan if asked.commands else summary
    show(settings, standing, stage_all(chain=settings.chain), runner.say)
    return 0


def make(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    for remark in prerequisites.check_standing(settings, standing):
        runner.say(f"  remark: {remark}")
    staged = stage_all(chain=settings.chain)
    due = summary(settings, standing, staged, runner.say)
    if due and not asked.yes and not agreed("Make these changes?"):
        runner.say("nothing was changed. (python3 -m infra deploy --yes does not ask.)")
        return 1
    if deploy(settings, standing, staged, runner):
        read_again(settings, runner, standing, {"run_services"})
    if not asked.no_smoke:
        runner.say("smoke test:")
        smoke_patiently(settings, standing, runner.say, runner.sleep)
    return 0


def rotate(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    """A deploy with the next account; the settings file keeps its number unless nothing was agreed to."""
    before = asked.settings.read_text(encoding="utf-8")
    asked.settings.write_text(rotated(before, asked.account, settings), encoding="utf-8")
    asked.no_smoke = False
    after = load(asked.settings)
    read_again(after, runner, standing, {"tasks_account_policy", "events_account_policy"})  # of the new ones
    runner.say(f"{settings.account(asked.account)} gives way to {after.account(asked.account)}, in {asked.settings}:")
    ended = make(asked, after, standing, runner)
    if ended:
        asked.settings.write_text(before, encoding="utf-8")
    return ended


def roll_code_back(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    commands = rollbacks(settings, standing, asked.doors or DOORS, runner)
    if not asked.yes and not agreed(f"Let project {settings.project} serve the earlier code?"):
        runner.say("nothing was changed.")
        return 1
    for command in commands:
        runner.say(f"  - {command.reason}")
        runner.run("rollback-code", command)
    runner.say("Until the next deploy, which serves the newest code again: git checkout the earlier tag before it.")
    return 0


def agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:  # nobody is there to answer
        print()
        return False


def call_functions(_asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    smoke(settings, standing, runner.say)
    return 0


def show_status(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    operate.show(settings, standing, runner.say)
    return operate.restock(settings, standing.number, ["status", *asked.rest])


def send_again(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    replay(settings, standing, runner.say, look_only=asked.look)
    return 0


def take_down(asked: argparse.Namespace, settings: InfraSettings, standing: Standing, runner: Runner) -> int:
    due = teardown(settings, standing, Removal(with_data=asked.with_data, with_queue=asked.with_queue))
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


def show_cost(asked: argparse.Namespace) -> int:
    if not asked.shops:
        cost.run(asked)
    if asked.shops or not asked.size:
        print("\n" + "\n".join(chain_cost.lines(asked.shops or 1000, asked.size or "small")))
    return 0


WITHOUT_SETTINGS = {"stage": fill_build, "cost": show_cost}
WITH_PROJECT = {
    "plan": show_plan,
    "deploy": make,
    "rotate": rotate,
    "rollback-code": roll_code_back,
    "smoke": call_functions,
    "status": show_status,
    "replay": send_again,
    "teardown": take_down,
}


if __name__ == "__main__":
    sys.exit(main())
