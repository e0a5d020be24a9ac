from __future__ import annotations

import pytest

from restock import stores


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(stores, "pause", lambda attempt: None)
