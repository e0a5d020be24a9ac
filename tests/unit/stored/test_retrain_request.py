"""What retrain can be asked for; what it cannot is in tests/hostile."""

from __future__ import annotations

import json

import pytest

from restock.errors import BadRequestError
from restock.stored.retrain_request import RetrainRequest, parse_request


@pytest.mark.parametrize("reason", ["schedule", "threshold", "manual"])
def test_a_reason_is_enough(reason):
    assert parse_request(f'{{"reason": "{reason}"}}'.encode()) == RetrainRequest(reason)


def test_a_rebuild_and_force_can_be_asked_for():
    assert parse_request(b'{"reason": "manual", "rebuild": true, "force": true}') == RetrainRequest(
        "manual", True, True
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"reason=manual", "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "reason is None; send one of schedule, threshold, manual"),
        (
            b'{"reason": "manual", "rebuilt": true}',
            "unknown field 'rebuilt'; known are reason, rebuild, force, adopt and shop",
        ),
        (b'{"reason": "schedule", "adopt": true}', "adopt is for people; send it with the reason manual"),
        (b'{"reason": "manual", "force": "yes"}', "force is 'yes'; send true or false"),
        (b'{"reason": "manual", "shop": "../south"}', "shop is '../south'; send the id of a shop"),
        (b'{"reason": "manual", "shop": null}', "shop is None; send the id of a shop"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(body, words):
    with pytest.raises(BadRequestError, match=words):
        parse_request(body)


@pytest.mark.parametrize(
    "asked", [RetrainRequest("threshold"), RetrainRequest("manual", rebuild=True, force=True, adopt=True, shop="north")]
)
def test_what_is_asked_for_is_read_as_it_was_written(asked):
    assert parse_request(json.dumps(asked.as_json()).encode()) == asked
