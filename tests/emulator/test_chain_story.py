"""``make chain`` on a few shops: the story is told to its end, and what it tells happened."""

from __future__ import annotations

import pytest

from local import chain

pytestmark = pytest.mark.needs("firestore", "storage")


def test_a_chains_night_is_told_to_its_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(chain, "PLACE", tmp_path / "chain")

    chain.run(["8"])

    told = capsys.readouterr().out
    assert "shops that learnt, of those set right                    7 of 7" in told
    assert "histories equal to a recount                             7 of 7" in told
    assert "told, and nobody stopped: shop shop-001 stands still: time_zone='Mars/Olympus'" in told
