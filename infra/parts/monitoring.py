"""Metrics, alert channel, alert policies and dashboard, as infra/alerts.py and infra/dashboard.py declare them.

Google completes what it is given, so what stands carries the digest of what it was made from: in a label, or, where
there are none, in its description. Beside the digest every declared field is compared, for what was changed by hand.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from infra import alerts as declared
from infra import dashboard as one_page
from infra.command import Change, digest_of, file_flag, gcloud
from infra.compare import because, differences
from infra.parts import DeployPart, Removal
from infra.settings import InfraSettings
from infra.standing import Standing

UNKNOWN_YET = "CHANNEL_MADE_ABOVE"
LABEL = "restock-digest"


def metrics(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    for name, body in declared.metrics(settings).items():
        marked = {**body, "description": f"{body['description']} (restock {digest_of(body)})"}
        found = standing.named("metrics", name)
        if found and not differences(found, marked):
            continue
        config, files = file_flag("--config-from-file", f"{name}.json", marked)
        line = "logging metrics update {name} {config}" if found else "logging metrics create {name} {config}"
        changes.append(
            gcloud(
                settings, line, reason=body["description"], files=files, changes=("metrics",), name=name, config=config
            )
        )
    return changes


def without_metrics(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    return [
        gcloud(settings, "logging metrics delete {name}", reason="log-based metric", name=name)
        for name in dict.fromkeys(name for kind in _kinds(settings) for name in declared.metrics(kind))
        if standing.named("metrics", name)
    ]


def channel(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = standing.titled("channels", settings.channel)
    if found.get("labels", {}).get("email_address") == settings.alert_email and found.get("enabled", True):
        return []
    line = "beta monitoring channels create --type=email --display-name={channel} --channel-labels={email}"
    if found:
        line = "beta monitoring channels update {name} --update-channel-labels={email} --enabled"
    return [
        gcloud(
            settings,
            line,
            reason=f"alerts go to {settings.alert_email}",
            changes=("channels",),
            channel=settings.channel,
            name=found.get("name", ""),
            email=f"email_address={settings.alert_email}",
        )
    ]


def without_channel(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    found = standing.titled("channels", settings.channel)
    line = "beta monitoring channels delete {name}"
    return [gcloud(settings, line, reason="the alert channel", name=found["name"])] if found else []


def policies(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    wanted = {body["displayName"] for body in declared.alerts(settings, "")}
    for title in [title for title in _titles(settings) if title not in wanted]:
        changes += _without(settings, standing, title, f"{title}: of a deployment of the other kind")
    name_of_channel = standing.titled("channels", settings.channel).get("name", UNKNOWN_YET)
    for body in declared.alerts(settings, name_of_channel):
        found = standing.titled("alerts", body["displayName"])
        digest = digest_of(body)
        differs = differences(found, body)
        if found.get("userLabels", {}).get(LABEL) == digest and not differs:
            continue
        file = f"alert-{_slug(body['displayName'])}.json"
        policy, files = file_flag("--policy-from-file", file, _labelled(body, digest))
        line = "alpha monitoring policies create {policy}"
        if found:
            line = "alpha monitoring policies update {name} {policy}"
        reason = because(f"tells when {body['displayName'].removeprefix('Restock: ')}", found, differs)
        name = found.get("name", "")
        changes.append(
            gcloud(settings, line, reason=reason, files=files, changes=("alerts",), name=name, policy=policy)
        )
    return changes


def without_policies(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    return [change for title in _titles(settings) for change in _without(settings, standing, title, title)]


def _without(settings: InfraSettings, standing: Standing, title: str, reason: str) -> list[Change]:
    found, line = standing.titled("alerts", title), "alpha monitoring policies delete {name}"
    return [gcloud(settings, line, reason=reason, changes=("alerts",), name=found["name"])] if found else []


def _titles(settings: InfraSettings) -> list[str]:
    """Of the alerts of one shop's deployment and of a chain's: either may have left some."""
    return list(dict.fromkeys(body["displayName"] for kind in _kinds(settings) for body in declared.alerts(kind, "")))


def _kinds(settings: InfraSettings) -> tuple[InfraSettings, InfraSettings]:
    return settings, replace(settings, chain=not settings.chain)


def dashboard(settings: InfraSettings, standing: Standing) -> list[Change]:
    body = one_page.dashboard(settings)
    digest = digest_of(body)
    found = standing.titled("dashboards", settings.dashboard)
    if f"{LABEL}-{digest}" in found.get("labels", {}) and not differences(found, body):
        return []
    # A dashboard's labels are a set of words: keys with empty values.
    labelled: dict[str, Any] = {**body, "labels": {f"{LABEL}-{digest}": ""}}
    line = "monitoring dashboards create {config}"
    if found:
        labelled["etag"] = found.get("etag", "")  # Google refuses an update that does not say which version it replaces
        line = "monitoring dashboards update {name} {config}"
    config, files = file_flag("--config-from-file", "dashboard.json", labelled)
    reason, name = "trained, counted, served: on one page", found.get("name", "")
    return [gcloud(settings, line, reason=reason, files=files, changes=("dashboards",), name=name, config=config)]


def without_dashboard(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    found = standing.titled("dashboards", settings.dashboard)
    line = "monitoring dashboards delete {name}"
    return [gcloud(settings, line, reason="the dashboard", name=found["name"])] if found else []


def _labelled(body: dict[str, Any], digest: str) -> dict[str, Any]:
    return {**body, "userLabels": {"app": "restock", LABEL: digest}}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


METRICS = DeployPart("metrics", metrics, without_metrics)
CHANNEL = DeployPart("alert channel", channel, without_channel)
ALERTS = DeployPart("alerts", policies, without_policies, ("channels",))
DASHBOARD = DeployPart("dashboard", dashboard, without_dashboard)
