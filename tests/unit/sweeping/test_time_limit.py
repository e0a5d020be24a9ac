"""One shop's time ends, also in a step that never does."""

from __future__ import annotations

import signal
import time

import pytest

from restock.errors import OutOfTimeError
from restock.sweeping.time_limit import limited_to


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such alarm")
def test_a_step_that_never_ends_is_ended():
    with pytest.raises(OutOfTimeError, match="the time one shop may take"), limited_to(0.05):
        time.sleep(60)


def test_who_is_done_in_time_is_not_rung_for_later():
    with limited_to(0.2):
        pass

    assert not hasattr(signal, "getitimer") or signal.getitimer(signal.ITIMER_REAL)[0] == 0
