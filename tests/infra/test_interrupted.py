"""A deploy that Google refuses half-way says why, and the next one goes on from there.

Every single change of a first deploy is refused once with ``EVERY_FAILURE=1`` (eight minutes; `make test-deploy`),
otherwise a few spread over it; ``EVERY_FAILURE=40`` begins with the fortieth.
"""

from __future__ import annotations

import os

import pytest

from tests.infra.conftest import World
from tests.infra.fake_apis import FakeGoogle

pytestmark = pytest.mark.needs("gcloud")


def test_interrupted_at_any_change_a_deploy_goes_on_and_ends_in_the_same_state(deployed: World) -> None:
    google = deployed.google
    wanted, total = google.state(), len([change for change in deployed.first.changes if not change.is_upload])
    # Each number is the change, counted from the start of its run, from which on Google refuses everything. With 2
    # throughout, every run gets one change further: so every single change of a first deploy is refused once.
    first = int(os.environ.get("EVERY_FAILURE", "0"))
    refused = [first, *[2] * (total - first)] if first else [2, total // 4, total // 4, total // 4]
    google.restore(FakeGoogle().save())
    for number, place in enumerate(refused):
        google.requests, google.fail_change = [], place

        failed = deployed.infra("deploy")

        assert failed.status == 1, f"run {number}: {failed.text}"
        assert "step: " in failed.text, number
        assert "The fake was told to refuse this." in failed.text, number
        assert "what to do: " in failed.text, number
    google.fail_change = None

    mended = deployed.infra("deploy")

    assert mended.status == 0, mended.text
    assert google.state() == wanted
    assert not first or len([change for change in mended.changes if not change.is_upload]) == 1  # none was passed over
