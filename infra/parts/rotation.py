"""An account that another took the place of, taken away last: what ran or called as it does so as the new one by then.

``python3 -m infra rotate tasks`` writes the next number into the settings file (``[rotated]``) and deploys::

    restock-tasks-2 made, given its roles ── functions and schedule name it ── restock-tasks loses its roles, is deleted

Nothing is unserved meanwhile, and an interrupted rotation is ended by the next deploy.
"""

from __future__ import annotations

from infra.command import Change, gcloud
from infra.grants import PLACES, Grant, binding
from infra.parts import KEEPING, DeployPart, Removal
from infra.parts.first_training import ASKED_AGAIN, asked_by_hand
from infra.settings import InfraSettings
from infra.standing import Standing

DELETE = "iam service-accounts delete {account}"
DROP = "tasks delete {task} --queue={queue} --location={region}"
OUT = "was rotated out"


def rotated_out(settings: InfraSettings, standing: Standing) -> list[Change]:
    tasks = [change for account in _old(settings, standing) for change in _tasks_of(account, settings, standing)]
    return [*tasks, *undo(settings, standing)]


def undo(settings: InfraSettings, standing: Standing, _removal: Removal = KEEPING) -> list[Change]:
    """Roles go before the account that holds them, or the policies would keep naming a deleted one."""
    gone: list[Change] = []
    for account in _old(settings, standing):
        gone += _roles_of(account, settings, standing)
        reason = "its place was taken by another; whoever still holds a token of it is refused"
        gone.append(gcloud(settings, DELETE, reason=reason, changes=("accounts",), account=account))
    return gone


def _old(settings: InfraSettings, standing: Standing) -> list[str]:
    return [account["email"] for account in standing.accounts if settings.is_rotated_out(account["email"])]


def _tasks_of(account: str, settings: InfraSettings, standing: Standing) -> list[Change]:
    """What waits in the queue would call as the account that goes: it is asked for anew, and only then dropped."""
    names = [one["name"].rsplit("/", 1)[-1] for one in standing.tasks]
    old = [name for name in names if not name.startswith(ASKED_AGAIN)]
    if not account.startswith("restock-tasks") or not old:
        return []
    anew = asked_by_hand(settings, standing, ASKED_AGAIN, "a retrain, in place of what waits")
    # Of a chain each is another shop's; what it was to learn, the night learns.
    kept: list[Change] = [] if settings.chain else [anew]
    return [*kept, *(gcloud(settings, DROP, reason="it was to call as the old account", task=name) for name in old)]


def _roles_of(account: str, settings: InfraSettings, standing: Standing) -> list[Change]:
    member = f"serviceAccount:{account}"
    return [
        binding(
            "remove", Grant(member, bound["role"], place, OUT), settings, standing, condition=bound.get("condition")
        )
        for place in PLACES
        for bound in standing.policy(place).get("bindings", ())
        if member in bound.get("members", ())
    ]


# What was read of accounts and policies before the deploy holds: a deploy changes nothing of an account that goes.
PART = DeployPart("accounts rotated out", rotated_out, undo, ("tasks",))
