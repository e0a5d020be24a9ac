"""Who may call the functions. retrain and on_appointment: their callers and nobody else. forecast: as auth says.

Pub/Sub, which carries Eventarc's events, signs each call as Eventarc's account, and needs leave for that. Projects have
given it (roles/pubsub.serviceAgent) since 8 April 2021; one that is older may not, and then nothing is ever delivered.

With auth firebase and public everybody may reach forecast (in firebase mode it checks the caller's token itself).
Where an organisation forbids allUsers, the platform's check is switched off instead, which comes to the same.
"""

from __future__ import annotations

from typing import Any

from infra.command import Change, gcloud
from infra.errors import CommandFailedError
from infra.grants import INVOKERS, binding_flags, has, missing, pubsub_agent
from infra.parts.functions import retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing

PUBLIC = ("allUsers", "allAuthenticatedUsers")
FORBIDDEN = (
    r"do not belong to a permitted customer|allowedPolicyMemberDomains|violates the constraint|organization policy"
)
SIGN = "roles/iam.serviceAccountTokenCreator"
CHECK_OFF = "run.googleapis.com/invoker-iam-disabled"


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


def private_callers(door: str, settings: InfraSettings, standing: Standing) -> list[Change]:
    policy = getattr(standing, f"{door}_policy")
    added = [
        _bind(settings, door, "add", member, f"{grant.account}: {grant.reason}")
        for grant, member, _condition in missing(settings, policy, INVOKERS[door])
    ]
    return [*added, *_shut_out(settings, door, policy, PUBLIC, f"{door} is never public")]


def signer_of_deliveries(settings: InfraSettings, standing: Standing) -> list[Change]:
    agent, policy = pubsub_agent(standing.number), standing.project_policy
    is_open = standing.named("services", "pubsub.googleapis.com")  # else the project gives the role as it opens
    if not is_open or any(has(policy, role, agent) for role in ("roles/pubsub.serviceAgent", SIGN)):
        return []
    if has(standing.events_account_policy, SIGN, agent):
        return []
    words = ("iam", "service-accounts", "add-iam-policy-binding", settings.account("events"))
    reason = "Pub/Sub signs what it delivers as this account; in a project of before April 2021 it may not by itself"
    flags = binding_flags(agent, SIGN, None)
    return [gcloud(settings.project, *words, *flags, reason=reason, changes=("events_account_policy",))]


def forecast_callers(settings: InfraSettings, standing: Standing) -> list[Change]:
    policy = standing.forecast_policy
    service = standing.named("run_services", settings.function("forecast"))
    is_check_off = (
        service.get("metadata", {}).get("annotations", {}).get(CHECK_OFF, "").lower() == "true"
    )  # gcloud itself writes True
    if settings.auth == "iam":
        on = [_check(settings, on=True)] if is_check_off else []
        added = [
            _bind(settings, "forecast", "add", caller, "named in callers")
            for caller in settings.callers
            if not has(policy, "roles/run.invoker", caller)
        ]
        return [*on, *added, *_shut_out(settings, "forecast", policy, PUBLIC, "auth is iam: only named callers")]
    if is_check_off or has(policy, "roles/run.invoker", "allUsers"):
        return []
    who = "anyone may call" if settings.auth == "public" else "anyone may reach it; it checks the app's token itself"
    return [_bind(settings, "forecast", "add", "allUsers", who, instead=(FORBIDDEN, _check(settings, on=False)))]


def _bind(settings: InfraSettings, door: str, verb: str, member: str, reason: str, **extra: Any) -> Any:
    name = settings.function(door)
    words = ("run", "services", f"{verb}-iam-policy-binding", name, f"--region={settings.region}")
    flags = binding_flags(member, "roles/run.invoker", None)
    return gcloud(settings.project, *words, *flags, reason=reason, changes=(f"{door}_policy",), **extra)


def _check(settings: InfraSettings, *, on: bool) -> Any:
    flag = "--invoker-iam-check" if on else "--no-invoker-iam-check"
    words = ("run", "services", "update", settings.function("forecast"), f"--region={settings.region}", flag)
    reason = (
        "the platform checks callers"
        if on
        else "the organisation forbids allUsers: the platform's check is switched off"
    )
    return gcloud(settings.project, *words, reason=reason, changes=("run_services",))


def _shut_out(settings: InfraSettings, door: str, policy: Any, members: tuple[str, ...], reason: str) -> list[Change]:
    return [
        _bind(settings, door, "remove", member, reason)
        for member in members
        if has(policy, "roles/run.invoker", member)
    ]
