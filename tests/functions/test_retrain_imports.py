"""What each kind of run may load: a budget of modules, for importing takes longer than all the rest of a short run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from local.setup import ENVIRONMENTS, python_of
from restock.counting.appointments import CountingRules, Usage, UsedPart
from restock.forecasting.combination import Recipe
from restock.forecasting.following import Lore
from restock.forecasting.methods import trees
from restock.forecasting.methods.base import Base
from restock.forecasting.methods.candidates import CANDIDATES
from restock.forecasting.methods.grown import Cuts, GrownTrees
from restock.forecasting.methods.series import OpenSeries
from restock.history.history import CountedAppointment, History
from restock.settings import RETRAIN, Settings
from tests.builders import NOON
from tests.test_promises import DOOR_ENVIRONMENT, ROOT
from tests.unit.forecasting.shops import a_demand

OF_LEARNING = {"sklearn", "joblib", "threadpoolctl", "scipy.stats", "scipy.signal", "scipy.optimize"}
OF_FITTING = {*OF_LEARNING, "scipy", "restock.forecasting.fitting", "restock.serving.inventory"}
OF_HISTORY = {"numpy", "pyarrow", "pandas"}  # pyarrow loads pandas wherever it is installed
CLIENTS = {"google.cloud.storage", "google.cloud.tasks_v2"}
BUDGET = {
    "start": {*OF_HISTORY, *OF_FITTING, *CLIENTS},
    "busy, pinned, below the threshold": {*OF_HISTORY, *OF_FITTING},
    "unchanged": OF_FITTING,
    "following": OF_LEARNING,
}
"""What it must not load. Of a run that learns nothing is spared."""

START = f"import runpy, sys; runpy.run_path({str(ROOT / 'functions/retrain/main.py')!r})"
SHORT = """
import os, sys
from datetime import datetime
from pathlib import Path
from restock.counting.appointments import CountingRules
from restock.logs import Log
from restock.retraining.lease import acquire
from restock.retraining.levels import follow_levels
from restock.retraining.run import retrain
from restock.retraining.tools import Tools
from restock.settings import RETRAIN, Settings
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.published import sha256
from restock.stored.retrain_request import RetrainRequest
from tests.fakes import FakeClock, FakeDocuments, FakeObjects

history, noon = Path(sys.argv[1]).read_bytes(), "2026-03-02T12:00:00+00:00"
settings = Settings.from_env(RETRAIN, os.environ)
for words in sys.argv[2:]:
    ending, reason = words.split()
    clock = FakeClock(datetime.fromisoformat(noon))
    documents, objects = FakeDocuments(clock), FakeObjects(clock)
    pointer = Pointer(
        version=0, history=0, run=0, forecast_sha256="", manifest_sha256="", history_sha256=sha256(history),
        published_by="test", published_at=noon, trained_at=noon, learnt_at=noon,
        rules=CountingRules.of(settings).digest, pinned=ending == "pinned",
    )
    objects.write(names.history(0), history, if_generation=0)
    generation = objects.write(names.POINTER, pointer.to_bytes(), if_generation=0)
    documents.set(names.CURRENT_LEVELS, {"schema": 1, "generation": generation})
    if ending == "busy":
        acquire(documents, "another", reason, clock(), 600)
    tools = Tools(
        settings=settings, documents=documents, objects=objects, queue=None, fit=None,
        log=Log("retrain", stream=sys.stderr), clock=clock, levels=follow_levels,
    )
    outcome = retrain(RetrainRequest(reason), tools)
    assert outcome.status == ending, outcome
"""
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
    assert BUDGET["start"] & loaded == set()


def test_a_run_that_ends_early_does_not_even_open_the_history(tmp_path):
    file = tmp_path / "history"
    file.write_bytes(b"no parquet, but the file that the pointer names")

    loaded = loaded_by(SHORT, str(file), "busy schedule", "pinned schedule", "below_threshold threshold")

    assert "restock.retraining.found" in loaded
    assert BUDGET["busy, pinned, below the threshold"] & loaded == set()


def test_a_run_that_finds_nothing_changed_loads_nothing_of_fitting(tmp_path):
    file = tmp_path / "history"
    rules = CountingRules.of(Settings.from_env(RETRAIN, DOOR_ENVIRONMENT))
    used = CountedAppointment("a1", Usage(NOON.date(), (UsedPart("p1", "Oil", 1.0),)), NOON)
    file.write_bytes(History.of([used], rules.digest, NOON).to_bytes())

    loaded = loaded_by(SHORT, str(file), "unchanged schedule")

    assert "pyarrow" in loaded
    assert BUDGET["unchanged"] & loaded == set()


def test_a_run_that_follows_loads_nothing_of_learning(learnt_body):
    loaded = loaded_by(FOLLOW, str(learnt_body))

    assert "restock.forecasting.methods.trees" in loaded
    assert BUDGET["following"] & loaded == set()
