"""``python -m tests.simulation --histories 20000 --seed fresh``: many more histories than ``make test`` plays."""

from __future__ import annotations

import argparse
import secrets

from tests.simulation.explore import explore


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    asked.add_argument("--histories", type=int, default=20_000)
    asked.add_argument("--seed", default="fresh", help="a number reproduces; fresh draws one and prints it")
    asked.add_argument("--chain", action="store_true", help="two shops at once on one store")
    given = asked.parse_args()
    seed = secrets.randbits(32) if given.seed == "fresh" else int(given.seed)
    print(f"seed {seed}", flush=True)
    print(explore(given.histories, with_seed=seed, is_chain=given.chain))


if __name__ == "__main__":
    main()
