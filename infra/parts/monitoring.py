"""Metrics, alert channel, alert policies and dashboard, as infra/alerts.py and infra/dashboard.py declare them.

Google completes what it is given, so a field-by-field comparison would never come to rest. What stands carries the
digest of what it was made from instead: in a label, or, where there are none, in its description.
"""

from __future__ import annotations

import re
from typing import Any

from infra import alerts as declared
from infra import dashboard as one_page
from infra.command import Change, digest_of, file_flag, gcloud
from infra.settings import InfraSettings
from infra.standing import Standing

UNKNOWN_YET = "CHANNEL_MADE_ABOVE"
LABEL = "restock-digest"


def metrics(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    for name, body in declared.metrics(settings).items():
        marked = {**body, "description": f"{body['description']} (restock {digest_of(body)})"}
        found = standing.named("metrics", name)
        if found.get("description") == marked["description"]:
            continue
        flag, files = file_flag("--config-from-file", f"{name}.json", marked)
        words = ("logging", "metrics", "update" if found else "create", name, flag)
        changes.append(gcloud(settings.project, *words, reason=body["description"], files=files, changes=("metrics",)))
    return changes


def channel(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = standing.titled("channels", settings.channel)
    if found.get("labels", {}).get("email_address") == settings.alert_email:
        return []
    words: tuple[str, ...] = ("beta", "monitoring", "channels")
    if found:
        words = (*words, "update", found["name"], f"--update-channel-labels=email_address={settings.alert_email}")
    else:
        email = f"--channel-labels=email_address={settings.alert_email}"
        words = (*words, "create", "--type=email", f"--display-name={settings.channel}", email)
    return [gcloud(settings.project, *words, reason=f"alerts go to {settings.alert_email}", changes=("channels",))]


def policies(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    name_of_channel = standing.titled("channels", settings.channel).get("name", UNKNOWN_YET)
    for body in declared.alerts(settings, name_of_channel):
        found = standing.titled("alerts", body["displayName"])
        digest = digest_of(body)
        if found.get("userLabels", {}).get(LABEL) == digest:
            continue
        flag, files = file_flag(
            "--policy-from-file", f"alert-{_slug(body['displayName'])}.json", _labelled(body, digest)
        )
        words = ("alpha", "monitoring", "policies", *(("update", found["name"]) if found else ("create",)), flag)
        reason = body["displayName"].removeprefix("Restock: ")
        changes.append(
            gcloud(settings.project, *words, reason=f"tells when {reason}", files=files, changes=("alerts",))
        )
    return changes


def dashboard(settings: InfraSettings, standing: Standing) -> list[Change]:
    body = one_page.dashboard(settings)
    digest = digest_of(body)
    found = standing.titled("dashboards", settings.dashboard)
    if f"{LABEL}-{digest}" in found.get("labels", {}):
        return []
    # A dashboard's labels are a set of words: keys with empty values.
    labelled: dict[str, Any] = {**body, "labels": {f"{LABEL}-{digest}": ""}}
    if found:
        labelled["etag"] = found.get("etag", "")  # Google refuses an update that does not say which version it replaces
    flag, files = file_flag("--config-from-file", "dashboard.json", labelled)
    words = ("monitoring", "dashboards", *(("update", found["name"]) if found else ("create",)), flag)
    return [
        gcloud(
            settings.project,
            *words,
            reason="trained, counted, served: on one page",
            files=files,
            changes=("dashboards",),
        )
    ]


def _labelled(body: dict[str, Any], digest: str) -> dict[str, Any]:
    return {**body, "userLabels": {"app": "restock", LABEL: digest}}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
