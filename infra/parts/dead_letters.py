"""Deliveries that on_appointment refuses for most of a day are kept, not lost: the dead-letter topic of its trigger.

Eventarc carries events over a Pub/Sub subscription of its own and forgets them after 24 hours. With its backoff of up
to 600 s, the last of the 100 attempts comes after about 16 hours: early enough to be caught here.
"""

from __future__ import annotations

from infra.command import Change, gcloud
from infra.grants import binding_flags, has, pubsub_agent
from infra.settings import InfraSettings
from infra.standing import Standing

ATTEMPTS = 100  # the most Pub/Sub allows
KEPT_SECONDS = 7 * 86_400
UNKNOWN_YET = "SUBSCRIPTION_OF_THE_TRIGGER"


def kept(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    words: tuple[str, ...]
    if not standing.named("topics", settings.dead_topic):
        words = ("pubsub", "topics", "create", settings.dead_topic)
        changes.append(
            gcloud(settings.project, *words, reason="takes events that were refused for good", changes=("topics",))
        )
    if not standing.named("subscriptions", settings.dead_subscription):
        words = (
            "pubsub", "subscriptions", "create", settings.dead_subscription, f"--topic={settings.dead_topic}",
            f"--message-retention-duration={KEPT_SECONDS}s", "--expiration-period=never", "--ack-deadline=60",
        )  # fmt: skip
        reason = "keeps them 7 days for `python3 -m infra replay`"
        changes.append(gcloud(settings.project, *words, reason=reason, changes=("subscriptions",)))
    return changes


def attached(settings: InfraSettings, standing: Standing) -> list[Change]:
    """The trigger's own subscription is told where refused events go, and Pub/Sub is let to move them."""
    agent = pubsub_agent(standing.number)
    changes: list[Change] = []
    words: tuple[str, ...]
    if not has(standing.topic_policy, "roles/pubsub.publisher", agent):
        words = ("pubsub", "topics", "add-iam-policy-binding", settings.dead_topic)
        reason = "Pub/Sub itself moves refused events there"
        changes.append(
            gcloud(
                settings.project,
                *words,
                *binding_flags(agent, "roles/pubsub.publisher", None),
                reason=reason,
                changes=("topic_policy",),
            )
        )
    subscription = standing.trigger_subscription(settings) or UNKNOWN_YET
    if not has(standing.subscription_policy, "roles/pubsub.subscriber", agent):
        words = ("pubsub", "subscriptions", "add-iam-policy-binding", subscription)
        reason = "Pub/Sub itself takes them off the trigger's subscription"
        changes.append(
            gcloud(
                settings.project,
                *words,
                *binding_flags(agent, "roles/pubsub.subscriber", None),
                reason=reason,
                changes=("subscription_policy",),
            )
        )
    found = next((one for one in standing.subscriptions if one["name"] == subscription), {})
    policy = found.get("deadLetterPolicy", {})
    topic = f"projects/{settings.project}/topics/{settings.dead_topic}"
    if policy.get("deadLetterTopic") != topic or policy.get("maxDeliveryAttempts") != ATTEMPTS:
        words = (
            "pubsub", "subscriptions", "update", subscription,
            f"--dead-letter-topic={topic}", f"--max-delivery-attempts={ATTEMPTS}",
        )  # fmt: skip
        reason = f"after {ATTEMPTS} refused attempts, about 16 hours, an event is kept instead of lost"
        changes.append(gcloud(settings.project, *words, reason=reason, changes=("subscriptions",)))
    return changes
