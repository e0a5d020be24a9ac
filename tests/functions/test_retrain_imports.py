"""What each kind of run may load: a budget of modules, for importing takes longer than all the rest of a short run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from local.setup import ENVIRONMENTS, python_of
from restock.forecasting.combination import Recipe
from restock.forecasting.following import Lore
from restock.forecasting.methods import trees
from restock.forecasting.methods.base import Base
from restock.forecasting.methods.candidates import CANDIDATES
from restock.forecasting.methods.grown import Cuts, GrownTrees
from restock.forecasting.methods.series import OpenSeries
from tests.test_promises import DOOR_ENVIRONMENT, ROOT
from tests.unit.forecasting.shops import a_demand

OF_LEARNING = {"sklearn", "joblib", "threadpoolctl", "scipy.stats", "scipy.signal", "scipy.optimize"}
CLIENTS = {"google.cloud.storage", "google.cloud.tasks_v2"}
BUDGET = {
    "any run, before it knows its kind": {*OF_LEARNING, *CLIENTS, "scipy", "pandas"},
    "a run that follows": OF_LEARNING,  # pyarrow looks for pandas by itself, and loads it
}
"""What it must not load."""

START = f"import runpy, sys; runpy.run_path({str(ROOT / 'functions/retrain/main.py')!r})"
FOLLOW = """
import sys
from datetime import timedelta
from pathlib import Path
from restock.forecasting.fitting import Fitter
from restock.stored.learnt import Learnt
from tests.unit.forecasting.shops import NOW, TODAY, a_history, a_lesson, say_nothing

body = Path(sys.argv[1]).read_bytes()
learnt = Learnt(run=1, learnt_at=NOW.isoformat(), basis="b", rules="r", libraries={}, body=body)
history = a_history(*((TODAY - timedelta(k), "p0", "Part", 1.0) for k in range(1, 99)))
lesson = a_lesson(history, catalogue=[{"id": "p0", "name": "Part"}], follows=learnt)
model = Fitter("UTC", frozenset())(lesson, say_nothing)
model.forecast(2, NOW, None), model.estimators(), model.evidence()
"""


def loaded_by(script: str, *words: str) -> set[str]:
    done = subprocess.run(
        [python_of(ENVIRONMENTS["retrain"][0]), "-c", f"{script}\nprint(*sorted(sys.modules))", *words],
        env={**DOOR_ENVIRONMENT, "PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.fixture
def learnt_body(tmp_path: Path) -> Path:
    """With trees in it, of one leaf each."""
    series = OpenSeries.of(a_demand(np.ones((2, 98))))
    base = Base.of(series)
    features = trees._features(series, *base.history(series), np.array([series.days]))[0]
    levels = len(trees.LEARNT_LEVELS)
    leaves = np.arange(levels)
    grown = GrownTrees(
        cuts=Cuts.of(np.zeros((1, features.shape[-1] + 1))),
        start=np.linspace(0.3, 4.0, levels),
        roots=leaves[:, None],
        feature=np.zeros(levels, int),
        threshold=np.zeros(levels),
        unknown_left=np.zeros(levels, bool),
        left=leaves,
        right=leaves,
        value=np.zeros(levels),
        depth=0,
    )
    recipe = Recipe.prior(CANDIDATES).to_json()
    lore = Lore(recipe, {}, {"trees": trees.FittedTrees(grown)}, base.pooled)
    file = tmp_path / "learnt"
    file.write_bytes(lore.to_bytes())
    return file


def test_a_start_loads_nothing_of_fitting_nor_the_clients_that_not_every_run_needs():
    loaded = loaded_by(START)

    assert "restock.retraining.run" in loaded
    assert BUDGET["any run, before it knows its kind"] & loaded == set()


def test_a_run_that_follows_loads_nothing_of_learning(learnt_body):
    loaded = loaded_by(FOLLOW, str(learnt_body))

    assert "restock.forecasting.methods.trees" in loaded
    assert BUDGET["a run that follows"] & loaded == set()
