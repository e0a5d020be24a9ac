"""Who may call the functions. retrain and on_appointment: their callers and nobody else. forecast: as auth says.

Pub/Sub, which carries Eventarc's events, signs each call as Eventarc's account, and needs leave for that. Projects have
given it (roles/pubsub.serviceAgent) since 8 April 2021; one that is older may not, and then nothing is ever delivered.

With auth firebase and public everybody may reach forecast (in firebase mode it checks the caller's token itself).
Where an organisation forbids allUsers, the platform's check is switched off instead, which comes to the same.
"""

from __future__ import annotations

from typing import Any

from infra.command import Change, Command, gcloud
from infra.errors import CommandFailedError
from infra.grants import INVOKER, SIGN, SIGNS_DELIVERIES, Grant, binding, granted, has
from infra.parts import Part
from infra.parts.functions import retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing

PUBLIC = ("allUsers", "allAuthenticatedUsers")
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
    return [*granted("retrain", settings, standing), *_shut_out("retrain", settings, standing)]


def callers_of_on_appointment(settings: InfraSettings, standing: Standing) -> list[Change]:
    return [*granted("on_appointment", settings, standing), *_shut_out("on_appointment", settings, standing)]


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
        return [*on, *granted("forecast", settings, standing, *named), *_shut_out("forecast", settings, standing)]
    if is_check_off or has(standing.policy("forecast"), INVOKER, "allUsers"):
        return []
    who = "may call"
    if settings.auth == "firebase":
        is_wide = settings.variables.get("FORECAST_REQUIRE_ADMIN", "").strip().lower() == "false"
        admitted = "every account of the project, customers too" if is_wide else "the shop's admins only"
        who = f"may reach it; it checks the app's token itself and admits {admitted}"
    off = _check(settings, CHECK_OFF_LINE, "the organisation forbids allUsers: the platform's check is switched off")
    anyone = Grant("allUsers", INVOKER, "forecast", who)
    return [binding("add", anyone, settings, standing, instead=(FORBIDDEN, off))]


def _check(settings: InfraSettings, line: str, reason: str) -> Command:
    return gcloud(settings, line, reason=reason, changes=("run_services",))


def _shut_out(door: str, settings: InfraSettings, standing: Standing) -> list[Change]:
    reason = (
        "is to call it no more: auth is iam" if door == "forecast" else f"is to call it no more: {door} is never public"
    )
    return [
        binding("remove", Grant(member, INVOKER, door, reason), settings, standing)
        for member in PUBLIC
        if has(standing.policy(door), INVOKER, member)
    ]


ADDRESS = Part("address of retrain", address, looks_at=("run_services",))
CALLERS = {  # go with their services
    "forecast": Part("callers of forecast", callers_of_forecast),
    "retrain": Part("callers of retrain", callers_of_retrain),
    "on_appointment": Part("callers of on_appointment", callers_of_on_appointment),
}
SIGNER = Part("signer of deliveries", signer_of_deliveries, looks_at=("project_policy",))
