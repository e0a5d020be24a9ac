"""What stands in the project, as gcloud's JSON gives it (:mod:`infra.reading`). ``Standing()`` is an empty project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra.settings import InfraSettings

Body = dict[str, Any]


@dataclass
class Standing:
    """Each field as gcloud's JSON gives it; empty where nothing stands."""

    project: Body = field(default_factory=dict)
    billing: Body = field(default_factory=dict)
    budgets: list[Body] = field(default_factory=list)
    services: list[Body] = field(default_factory=list)
    databases: list[Body] = field(default_factory=list)
    accounts: list[Body] = field(default_factory=list)
    bucket: Body = field(default_factory=dict)
    deleted_buckets: list[Body] = field(default_factory=list)
    pointer: Body = field(default_factory=dict)
    repositories: list[Body] = field(default_factory=list)
    ttls: list[Body] = field(default_factory=list)
    exemptions: list[Body] = field(default_factory=list)
    queues: list[Body] = field(default_factory=list)
    tasks: list[Body] = field(default_factory=list)
    functions: list[Body] = field(default_factory=list)
    run_services: list[Body] = field(default_factory=list)
    jobs: list[Body] = field(default_factory=list)  # of the schedule
    sweep_jobs: list[Body] = field(default_factory=list)  # of Cloud Run
    triggers: list[Body] = field(default_factory=list)
    topics: list[Body] = field(default_factory=list)
    subscriptions: list[Body] = field(default_factory=list)
    metrics: list[Body] = field(default_factory=list)
    alerts: list[Body] = field(default_factory=list)
    channels: list[Body] = field(default_factory=list)
    dashboards: list[Body] = field(default_factory=list)
    policies: dict[str, Body] = field(default_factory=dict)  # by place (infra/grants.py)
    unseen: set[str] = field(default_factory=set)  # fields that this account was not let to read

    @property
    def number(self) -> str:
        """The project's number, part of addresses and of Google's own accounts."""
        return str(self.project.get("projectNumber", "PROJECT_NUMBER"))

    @property
    def database_location(self) -> str:
        return next((db["locationId"] for db in self.databases if db["name"].endswith("/databases/(default)")), "")

    @property
    def billing_account(self) -> str:
        return str(self.billing.get("billingAccountName", "")).rsplit("/", 1)[-1]

    @property
    def has_several_databases(self) -> bool:
        return len(self.databases) > 1

    def put(self, name: str, found: Any) -> None:
        """Take in what was read for a field, or for a place's policy; None: nothing is there."""
        if name.endswith("_policy"):
            self.policies[name.removesuffix("_policy")] = found or {}
        else:
            setattr(self, name, getattr(Standing(), name) if found is None else found)

    def policy(self, place: str) -> Body:
        return self.policies.get(place, {})

    def named(self, kind: str, name: str) -> Body:
        """The resource of a kind whose (last part of the) name this is; empty if there is none."""
        return next((one for one in getattr(self, kind) if short_name(one) == name), {})

    def titled(self, kind: str, title: str) -> Body:
        """The resource of a kind with this display name: where Google makes up the names."""
        return next((one for one in getattr(self, kind) if one.get("displayName") == title), {})

    def trigger(self, settings: InfraSettings) -> Body:
        """The trigger that calls on_appointment; empty if the function is missing, or its trigger is."""
        function = self.named("functions", settings.function("on_appointment"))
        name = function.get("eventTrigger", {}).get("trigger", "")
        return self.named("triggers", name.rsplit("/", 1)[-1]) if name else {}

    def trigger_place(self, settings: InfraSettings) -> str:
        """Where the trigger is, as its function says; the database it was made for may be gone."""
        function = self.named("functions", settings.function("on_appointment"))
        return str(function.get("eventTrigger", {}).get("triggerRegion") or self.database_location or settings.region)

    def trigger_subscription(self, settings: InfraSettings) -> str:
        """The subscription Eventarc made to carry on_appointment's events; empty until the trigger exists."""
        return str(self.trigger(settings).get("transport", {}).get("pubsub", {}).get("subscription", ""))


def short_name(body: Body) -> str:
    name = body.get("name") or body.get("metadata", {}).get("name") or body.get("email") or ""
    return str(name).rsplit("/", 1)[-1]
