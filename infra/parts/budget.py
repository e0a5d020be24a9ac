"""The budget: alert_email hears when a month has cost half of it, all of it, or is going to cost more.

It is of the whole project, for Firestore's reads, the likeliest surprise, bear no label that tells whose they are. It
lies in the billing account, which whoever deploys may not see (infra/reading.py says so): then none is made.
"""

from __future__ import annotations

from typing import Any

from infra.command import Change, gcloud
from infra.compare import because, differences
from infra.parts import DeployPart, Removal
from infra.parts.monitoring import UNKNOWN_YET
from infra.settings import InfraSettings
from infra.standing import Body, Standing

CREATE = """
    billing budgets create --billing-account={billing_account} --display-name={title} {amount}
    --threshold-rule=percent=0.5 --threshold-rule=percent=1.0 --threshold-rule=percent=1.0,basis=forecasted-spend
"""
UPDATE = """
    billing budgets update {name} {amount} --clear-threshold-rules
    --add-threshold-rule=percent=0.5 --add-threshold-rule=percent=1.0
    --add-threshold-rule=percent=1.0,basis=forecasted-spend
"""
DELETE = "billing budgets delete {name} --billing-project={project}"
THRESHOLDS = [
    {"thresholdPercent": 0.5},
    {"thresholdPercent": 1.0},
    {"thresholdPercent": 1.0, "spendBasis": "FORECASTED_SPEND"},
]


def budget(settings: InfraSettings, standing: Standing) -> list[Change]:
    """Made and kept as the settings say; with monthly_budget = 0 whatever stands is left alone."""
    account = standing.billing_account
    if not settings.monthly_budget or not account or "budgets" in standing.unseen:
        return []
    found = standing.titled("budgets", settings.budget)
    channel = standing.titled("channels", settings.channel).get("name", UNKNOWN_YET)
    differs = differences(_as_compared(found), as_api_has_it(settings, channel))
    if not differs:
        return []
    reason = f"{settings.alert_email} hears when the project costs more than half of {settings.monthly_budget} a month"
    amount = (
        f"--budget-amount={settings.monthly_budget}",  # in the billing account's currency, for none is named
        f"--filter-projects=projects/{settings.project}",
        f"--notifications-rule-monitoring-notification-channels={channel}",
        f"--billing-project={settings.project}",
    )
    return [
        gcloud(
            settings,
            UPDATE if found else CREATE,
            reason=because(reason, found, differs),
            changes=("budgets",),
            billing_account=account,
            title=settings.budget,
            name=found.get("name", ""),
            amount=amount,
        )
    ]


def as_api_has_it(settings: InfraSettings, channel: str) -> dict[str, Any]:
    return {
        "amount": {"specifiedAmount": {"units": str(settings.monthly_budget)}},
        "thresholdRules": THRESHOLDS,
        "notificationsRule": {"monitoringNotificationChannels": [channel]},
    }


def _as_compared(found: Body) -> Body:
    """With the thresholds in our order: Google does not promise to keep it."""
    rules = sorted(
        found.get("thresholdRules", []),
        key=lambda rule: (rule.get("thresholdPercent", 0), rule.get("spendBasis") == "FORECASTED_SPEND"),
    )
    return {**found, "thresholdRules": rules}


def undo(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    found = standing.titled("budgets", settings.budget)
    return [gcloud(settings, DELETE, reason="the budget and its alerts", name=found["name"])] if found else []


PART = DeployPart("budget", budget, undo, ("channels", "billing", "budgets"))
