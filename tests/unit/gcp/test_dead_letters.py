"""Dead letters are let go of by one call of Pub/Sub; what keeps it from being made is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from restock.errors import NotPermittedError, StoreUnavailableError
from restock.gcp import dead_letters

MOMENT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Answering(requests.Session):
    """A session whose every answer is this one."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status, self.sent = status, list[tuple[str, Any]]()

    def post(self, url: Any, *_: Any, json: Any = None, **__: Any) -> requests.Response:
        self.sent.append((str(url), json))
        if not self.status:
            raise requests.ConnectionError("nobody there")
        answer = requests.Response()
        answer.status_code = self.status
        return answer


@pytest.mark.parametrize("status", [200, 404])
def test_all_that_came_before_a_moment_go_and_without_a_subscription_there_are_none(status: int) -> None:
    session = Answering(status)

    dead_letters.purge("my-shop", MOMENT, session)

    url = "https://pubsub.googleapis.com/v1/projects/my-shop/subscriptions/restock-dead-events:seek"
    assert session.sent == [(url, {"time": "2026-03-02T12:00:00+00:00"})]


@pytest.mark.parametrize(
    ("status", "error"), [(403, NotPermittedError), (503, StoreUnavailableError), (0, StoreUnavailableError)]
)
def test_what_keeps_them_from_being_purged_is_told(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="restock-dead-events"):
        dead_letters.purge("my-shop", MOMENT, Answering(status))
