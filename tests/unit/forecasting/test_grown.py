"""Trees as numbers say what the library that grew them says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from restock.forecasting.methods.growing import quantile
from restock.forecasting.methods.grown import BINS, Cuts, GrownTrees


@pytest.fixture(scope="module")
def features():
    random = np.random.default_rng(4)
    found = np.column_stack([random.normal(size=3_000), random.integers(0, 5, 3_000), random.exponential(size=3_000)])
    found[random.random(found.shape) < 0.1] = np.nan
    return found


def test_they_say_what_scikit_learn_says_to_the_last_bit(features):
    came = np.nan_to_num(features[:, 0]) ** 2 + np.nan_to_num(features[:, 1])
    cuts = Cuts.of(features)
    models = [
        HistGradientBoostingRegressor(loss="quantile", quantile=level, max_iter=4, max_bins=BINS, early_stopping=False)
        for level in (0.25, 0.9)
    ]
    with threadpool_limits(1):
        for model in models:
            model.fit(cuts.bins(features), came)

    said = GrownTrees.of(cuts, models).predict(features)

    expected = np.column_stack([model.predict(cuts.bins(features)) for model in models])
    np.testing.assert_array_equal(said, expected)
    assert np.unique(said[:, 0]).size > 20


def test_no_feature_has_more_bins_than_there_may_be(features):
    bins = Cuts.of(features).bins(features)

    assert np.nanmax(bins, axis=0).tolist() == [BINS - 1, 4, BINS - 1]
    assert (np.isnan(bins) == np.isnan(features)).all()


def test_a_value_never_seen_falls_into_the_nearest_bin(features):
    far = np.array([[-1e9, -3.0, 1e9]])

    assert Cuts.of(features).bins(far).tolist() == [[0.0, 0.0, BINS - 1.0]]


@pytest.mark.parametrize("level", [0.25, 0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("count", [1, 2, 3, 300, 3_777])
def test_the_quantile_of_a_leaf_is_numpys_and_leaves_its_values_alone(level, count):
    values = np.random.default_rng(count).exponential(size=count)
    before = values.copy()

    assert quantile(values, level) == pytest.approx(np.percentile(values, 100 * level), rel=1e-12)
    assert (values == before).all()
