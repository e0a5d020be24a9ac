"""The local commands: python3 -m local COMMAND; without one, it lists them. Operators' verbs are among them.

Each first brings the environments up to date (local/setup.py), then continues in the one for tests and tools; so this
file imports only the standard library before that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

from local import setup
from restock.operating.command_line import VERBS

USAGE = """\
python3 -m local COMMAND

  up          run everything until Ctrl-C; the forecast answers on port 5057 (or FORECAST_PORT)
  demo        the finite story: load a shop, train, complete ten appointments, see the forecast follow
  chain       the story of a chain's night: 50 shops (or as many as a number says), the sweep, one task killed
  load        put a sample shop's last 180 days into the running stack, or three sample shops into a running chain
  sweep       a night of the running chain, now
  with ...    run a command with the environment of the running stack, e.g. with python -m restock status
  emulators   run the functions under the Firebase CLI's own emulators until Ctrl-C
  test        set-up, lint, types and every test
  setup       only bring the environments up to date
  status, rollback, pin, unpin, retrain ...    the operator's verbs, on the running stack (see the README)

Variables it heeds, beside the functions' own settings (see the README):

  RESTOCK_CHAIN=true      serve a chain of shops instead of one (up)
  FORECAST_PORT           where the forecast answers; unset: 5057, or any free port if that is taken
  FIRESTORE_EMULATOR_JAR  the Firestore emulator; unset: the Google Cloud SDK's, else one the Firebase CLI downloaded,
                          else the pinned one is fetched into .local
  FIRESTORE_EMULATOR_URL  where to fetch it from; unset: where the Firebase CLI does
  LIKE_CLOUD_RUN=true     freeze functions between requests, keep retrain private, serve tokens (up)
  EVENT_DELAY_SECONDS     every event arrives a random part of it later, and so out of order (up)
  EVENT_DUPLICATES        the share of events that arrive twice, 0 to 1 (up)
  EVENT_SEED              another run of luck for the two above (up)
"""
WITH_EMULATOR = {"up", "demo", "chain", "emulators", "test"}


def main(words: list[str]) -> int:
    commands: dict[str, Callable[[list[str]], int | None]] = {
        "up": up,
        "demo": demo,
        "chain": chain,
        "load": load,
        "sweep": sweep,
        "with": with_stack,
        "emulators": emulators,
        "test": test,
        **dict.fromkeys(VERBS, operate),
    }
    if not words or words[0] not in {*commands, "setup"}:
        print(USAGE, end="", file=sys.stderr if words and words[0] not in {"-h", "--help"} else sys.stdout)
        return 0 if not words or words[0] in {"-h", "--help"} else 2
    setup.main_or_exit([])
    if words[0] == "setup":
        return 0
    python = setup.python_of(setup.ENVIRONMENTS["dev"][0])
    if sys.prefix != str(setup.ENVIRONMENTS["dev"][0]):
        return continue_in([str(python), "-m", "local", *words])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    signal.signal(signal.SIGTERM, stop_politely)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, stop_politely)
    from local.processes import ProcessError

    try:
        if words[0] in WITH_EMULATOR:
            bring_emulator(is_needed=words[0] != "test")
        return commands[words[0]](words if words[0] in VERBS else words[1:]) or 0
    except ProcessError as exc:
        print(f"\n{exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def bring_emulator(*, is_needed: bool) -> None:
    """Fetch the Firestore emulator where there is none; the tests go on without it and list what they did not run."""
    from local.console import say
    from local.emulator_jar import ensure
    from local.processes import ProcessError

    try:
        ensure(say)
    except ProcessError as exc:
        if is_needed:
            raise
        say(str(exc))


def continue_in(command: list[str]) -> int:
    """Become that program; where there is no exec, run it and pass Ctrl-C on by waiting for it."""
    os.chdir(setup.ROOT)
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(command[0], command)
    with subprocess.Popen(command) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


def stop_politely(number: int, _: object) -> None:
    """Let `finally` blocks stop what was started; a second signal must not interrupt them."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def up(_: list[str]) -> None:
    from local.up import run

    run()


def demo(_: list[str]) -> None:
    from local.demo import run

    run()


def chain(words: list[str]) -> None:
    from local.chain import run

    run(words)


def load(_: list[str]) -> None:
    from local.up import load_shop

    load_shop()


def sweep(_: list[str]) -> None:
    from local.up import sweep

    sweep()


def with_stack(words: list[str]) -> int:
    from local.up import run_with

    return run_with(words)


def operate(words: list[str]) -> int:
    return with_stack(["python", "-m", "restock", *words])


def emulators(_: list[str]) -> None:
    from local.firebase import run

    run()


def test(words: list[str]) -> int:
    from local.check import run

    return run(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
