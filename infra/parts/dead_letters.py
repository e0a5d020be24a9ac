"""Deliveries that on_appointment refuses for most of a day are kept, not lost: the dead-letter topic of its trigger.

Eventarc carries events over a Pub/Sub subscription of its own and forgets them after 24 hours. With its backoff of up
to 600 s, the last of the 100 attempts comes after about 16 hours: early enough to be caught here.
"""

from __future__ import annotations

from infra.command import Change, gcloud
from infra.compare import differences
from infra.grants import granted
from infra.parts import DeployPart, Removal
from infra.settings import InfraSettings
from infra.standing import Standing

ATTEMPTS = 100  # the most Pub/Sub allows
KEPT_SECONDS = 7 * 86_400
UNKNOWN_YET = "SUBSCRIPTION_OF_THE_TRIGGER"


def kept(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    if not standing.named("topics", settings.dead_topic):
        reason = "takes events that were refused for good"
        changes.append(gcloud(settings, "pubsub topics create {dead_topic}", reason=reason, changes=("topics",)))
    found = standing.named("subscriptions", settings.dead_subscription)
    wanted = {"messageRetentionDuration": f"{KEPT_SECONDS}s", "ackDeadlineSeconds": 60}
    never_expires = not found.get("expirationPolicy", {}).get("ttl")
    if differences(found, wanted) or not never_expires:
        line = "pubsub subscriptions create {dead_subscription} --topic={dead_topic} "
        if found:
            line = "pubsub subscriptions update {dead_subscription} "
        line += "--message-retention-duration={seconds}s --expiration-period=never --ack-deadline=60"
        reason = "keeps them 7 days for `python3 -m infra replay`"
        changes.append(gcloud(settings, line, reason=reason, changes=("subscriptions",), seconds=KEPT_SECONDS))
    return [*changes, *granted("dead_topic", settings, standing)]


def undo(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    gone: list[Change] = []
    if standing.named("subscriptions", settings.dead_subscription):
        line = "pubsub subscriptions delete {dead_subscription}"
        gone.append(gcloud(settings, line, reason="with the messages it keeps"))
    if standing.named("topics", settings.dead_topic):
        gone.append(gcloud(settings, "pubsub topics delete {dead_topic}", reason="dead letters"))
    return gone


def attached(settings: InfraSettings, standing: Standing) -> list[Change]:
    """The trigger's own subscription is told where refused events go, and Pub/Sub is let to move them."""
    changes = granted("trigger_subscription", settings, standing)
    subscription = standing.trigger_subscription(settings) or UNKNOWN_YET
    found = next((one for one in standing.subscriptions if one["name"] == subscription), {})
    policy = found.get("deadLetterPolicy", {})
    topic = f"projects/{settings.project}/topics/{settings.dead_topic}"
    if policy.get("deadLetterTopic") != topic or policy.get("maxDeliveryAttempts") != ATTEMPTS:
        changes.append(
            gcloud(
                settings,
                "pubsub subscriptions update {subscription} --dead-letter-topic={topic} "
                "--max-delivery-attempts={attempts}",
                reason=f"after {ATTEMPTS} refused attempts, about 16 hours, an event is kept instead of lost",
                changes=("subscriptions",),
                subscription=subscription,
                topic=topic,
                attempts=ATTEMPTS,
            )
        )
    return changes


KEPT = DeployPart("dead letters", kept, undo)
ATTACHED = DeployPart(  # goes with its trigger
    "dead letters of the trigger", attached, looks_at=("functions", "triggers", "subscriptions")
)
