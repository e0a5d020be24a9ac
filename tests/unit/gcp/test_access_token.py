"""The function's own token: asked for once an hour, and used to its end when the metadata server fails."""

from __future__ import annotations

import json

import pytest

from restock.errors import StoreUnavailableError
from restock.gcp.access_token import RENEW_BEFORE_SECONDS, AccessToken
from restock.gcp.rest import Reply
from tests.fakes import FakeSeconds
from tests.waiting import wait_until


class Metadata:
    """The metadata server: gives tokens of a chosen life."""

    def __init__(self) -> None:
        self.lifetime, self.is_down, self.given = 3599, False, 0

    def request(self, method: str, url: str, **_: object) -> Reply:
        if self.is_down:
            raise TimeoutError
        self.given += 1
        body = {"access_token": f"token-{self.given}", "expires_in": self.lifetime, "token_type": "Bearer"}
        return Reply(200, None, json.dumps(body).encode())  # type: ignore[arg-type]


@pytest.fixture
def clock() -> FakeSeconds:
    return FakeSeconds()


@pytest.fixture
def metadata() -> Metadata:
    return Metadata()


@pytest.fixture
def token(metadata: Metadata, clock: FakeSeconds) -> AccessToken:
    return AccessToken(metadata, clock)  # type: ignore[arg-type]


def test_one_token_serves_until_shortly_before_its_end(token, metadata, clock):
    assert token() == "Bearer token-1"
    clock.now += 3599 - RENEW_BEFORE_SECONDS - 1
    assert token() == "Bearer token-1"
    assert metadata.given == 1

    clock.now += 2

    assert token() == "Bearer token-1", "good for minutes: nobody waits for the next"
    wait_until(lambda: token() == "Bearer token-2")


@pytest.mark.parametrize("seconds_left", [224, 100, 10])
def test_a_token_still_valid_is_used_while_the_metadata_server_is_down(token, metadata, clock, seconds_left):
    token()
    metadata.is_down = True

    clock.now += 3599 - seconds_left

    assert [token() for _ in range(3)] == ["Bearer token-1"] * 3


@pytest.mark.parametrize("lifetime", [224, 100])
def test_a_token_that_comes_with_little_life_left_is_used_and_not_asked_for_at_every_call(token, metadata, lifetime):
    metadata.lifetime = lifetime

    assert [token() for _ in range(5)] == ["Bearer token-1"] * 5
    assert metadata.given == 1


def test_a_token_past_its_end_is_not_used(token, metadata, clock):
    token()
    metadata.is_down = True
    clock.now += 3600

    with pytest.raises(StoreUnavailableError, match="metadata server"):
        token()
