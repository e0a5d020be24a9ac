"""The steadiness bench compares only parts to which nothing happened."""

import numpy as np
import pytest

from bench.steadiness import Evening, moves


def evening(said: list[float], chance: float = 0.05) -> Evening:
    return Evening(np.array(said), np.ceil(said), np.full(len(said), chance))


def test_a_part_that_was_used_has_news_and_is_not_compared():
    before, after = evening([4.0, 9.0]), evening([4.1, 19.0])

    ((moved, counts),) = moves([before, after], np.array([[0.0], [1.0]]))

    assert moved == pytest.approx([0.1 / 5])
    assert counts == pytest.approx(1 / 4)


def test_silence_is_news_of_a_part_that_is_used_on_most_days():
    assert list(moves([evening([4.0], chance=0.9), evening([3.0])], np.zeros((1, 1)))) == []
