"""Dead deliveries, sent again through the very topic that Eventarc carries events on.

A message keeps its bytes and its CloudEvent attributes; only what dead-lettering added is taken off. It is removed from
the dead letters after the topic has it. Should the same event thus arrive twice, counting it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.errors import CommandFailedError
from infra.google_api import address, call
from infra.settings import InfraSettings
from infra.standing import Standing

AT_ONCE = 100


def replay(settings: InfraSettings, standing: Standing, say: Callable[[str], None], *, look_only: bool) -> int:
    """Send every waiting message again; returns how many. With ``look_only`` they are shown and stay."""
    topic = transport_topic(settings, standing)
    subscription = f"projects/{settings.project}/subscriptions/{settings.dead_subscription}"
    sent = 0
    while True:
        pulled = call(
            "POST", address("pubsub", f"v1/{subscription}:pull"), {"maxMessages": AT_ONCE}, what="replay: pull"
        )
        received = pulled.get("receivedMessages", [])
        if not received:
            break
        messages = [original(one["message"]) for one in received]
        for message in messages:
            attributes = message.get("attributes", {})
            say(f"  {attributes.get('ce-subject', '?')} of {attributes.get('ce-time', '?')}")
        if look_only:
            say(f"{len(received)} shown (up to {AT_ONCE}); they wait on and can be replayed in a minute.")
            return 0
        call("POST", address("pubsub", f"v1/{topic}:publish"), {"messages": messages}, what="replay: publish")
        ids = {"ackIds": [one["ackId"] for one in received]}
        call("POST", address("pubsub", f"v1/{subscription}:acknowledge"), ids, what="replay: acknowledge")
        sent += len(messages)
    say(f"{sent} event(s) sent again." if sent else "No dead delivery waits.")
    return sent


def transport_topic(settings: InfraSettings, standing: Standing) -> str:
    topic = standing.trigger(settings).get("transport", {}).get("pubsub", {}).get("topic", "")
    if not topic:
        raise CommandFailedError("on_appointment has no trigger to replay through. Deploy first: make deploy")
    return str(topic)


def original(message: dict[str, Any]) -> dict[str, Any]:
    """The message as Eventarc published it, without what dead-lettering added.

    >>> added = {"CloudPubSubDeadLetterSourceSubscription": "s"}
    >>> original({"data": "aGk=", "attributes": {"ce-id": "1", **added}, "messageId": "7"})
    {'data': 'aGk=', 'attributes': {'ce-id': '1'}}
    """
    attributes = message.get("attributes", {}).items()
    kept = {key: value for key, value in attributes if not key.startswith("CloudPubSubDeadLetterSource")}
    return {"data": message.get("data", ""), "attributes": kept}
