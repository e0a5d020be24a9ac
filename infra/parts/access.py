"""Who may call the functions. retrain and on_appointment: their callers and nobody else. forecast: as auth says.

Pub/Sub, which carries Eventarc's events, signs each call as Eventarc's account, and needs leave for that. Projects have
given it (roles/pubsub.serviceAgent) since 8 April 2021; one that is older may not, and then nothing is ever delivered.

With auth firebase and public everybody may reach forecast (in firebase mode it checks the caller's token itself).
Where an organisation forbids allUsers, the platform's check is switched off instead, which comes to the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeGuard

from infra.command import Change, Command, gcloud
from infra.errors import CommandFailedError
from infra.grants import INVOKER, SIGN, SIGNS_DELIVERIES, Grant, granted, has
from infra.parts import DeployPart
from infra.parts.functions import retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing

FORBIDDEN = (
    r"do not belong to a permitted customer|allowedPolicyMemberDomains|violates the constraint|organization policy"
)
CHECK_OFF = "run.googleapis.com/invoker-iam-disabled"
CHECK_ON_LINE = "run services update {forecast_function} --region={region} --invoker-iam-check"
CHECK_OFF_LINE = "run services update {forecast_function} --region={region} --no-invoker-iam-check"


def address(settings: InfraSettings, standing: Standing) -> list[Change]:
    """Not a change but a check: the address that on_appointment and the schedule are told is one of retrain's."""
    service = standing.named("run_services", settings.function("retrain"))
    told = retrain_url(settings, standing.number)
    if service and told not in addresses(service):
        known = addresses(service)
        raise CommandFailedError(
            f"step: the address of retrain\nthe functions are told {told}, but retrain answers at {', '.join(known)}\n"
            f'what to do: write retrain_url = "{known[0]}" in infra/settings.toml and run this again.'
        )
    return []


def addresses(service: dict[str, Any]) -> list[str]:
    """Every address of a Cloud Run service, the one gcloud shows first."""
    shown = service.get("status", {}).get("url", "")
    listed = service.get("metadata", {}).get("annotations", {}).get("run.googleapis.com/urls", "")
    others = [part.strip(' "') for part in listed.strip("[]").split(",") if part.strip(' "')]
    return list(dict.fromkeys([shown, *others] if shown else others))


def callers_of_retrain(settings: InfraSettings, standing: Standing) -> list[Change]:
    return granted("retrain", settings, standing)


def callers_of_on_appointment(settings: InfraSettings, standing: Standing) -> list[Change]:
    return granted("on_appointment", settings, standing)


def signer_of_deliveries(settings: InfraSettings, standing: Standing) -> list[Change]:
    agent = SIGNS_DELIVERIES.member(settings, standing)
    is_open = standing.named("services", "pubsub.googleapis.com")  # else the project gives the role as it opens
    of_project = standing.policy("project")
    if not is_open or any(has(of_project, role, agent) for role in ("roles/pubsub.serviceAgent", SIGN)):
        return []
    return granted("events_account", settings, standing, SIGNS_DELIVERIES)


def callers_of_forecast(settings: InfraSettings, standing: Standing) -> list[Change]:
    service = standing.named("run_services", settings.function("forecast"))
    is_check_off = (
        service.get("metadata", {}).get("annotations", {}).get(CHECK_OFF, "").lower() == "true"
    )  # gcloud itself writes True
    if settings.auth == "iam":
        named = (Grant(caller, INVOKER, "forecast", "is named in callers") for caller in settings.callers)
        on = [_check(settings, CHECK_ON_LINE, "the platform checks callers")] if is_check_off else []
        return [*on, *granted("forecast", settings, standing, *named)]
    who = "may call"
    if settings.auth == "firebase":
        is_wide = settings.variables.get("FORECAST_REQUIRE_ADMIN", "").strip().lower() == "false"
        admitted = "every account of the project, customers too" if is_wide else "the shop's admins only"
        who = f"may reach it; it checks the app's token itself and admits {admitted}"
    anyone = Grant("allUsers", INVOKER, "forecast", who)
    if is_check_off:  # then nobody is asked for a role
        return []
    off = _check(settings, CHECK_OFF_LINE, "the organisation forbids allUsers: the platform's check is switched off")
    return [
        replace(change, instead=(FORBIDDEN, off)) if _opens(change) else change
        for change in granted("forecast", settings, standing, anyone)
    ]


def _opens(change: Change) -> TypeGuard[Command]:
    return (
        isinstance(change, Command) and "add-iam-policy-binding" in change.argv and "--member=allUsers" in change.argv
    )


def _check(settings: InfraSettings, line: str, reason: str) -> Command:
    return gcloud(settings, line, reason=reason, changes=("run_services",))


ADDRESS = DeployPart("address of retrain", address, looks_at=("run_services",))
CALLERS = {  # go with their services
    "forecast": DeployPart("callers of forecast", callers_of_forecast),
    "retrain": DeployPart("callers of retrain", callers_of_retrain),
    "on_appointment": DeployPart("callers of on_appointment", callers_of_on_appointment),
}
SIGNER = DeployPart("signer of deliveries", signer_of_deliveries, looks_at=("project_policy",))
