"""What retrain can be asked for: the body of every task and of the schedule, whoever writes it.

Only the standard library, for ``infra`` and ``local`` ask, too, before any environment is chosen.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, fields
from reprlib import repr  # a megabyte sent is not a megabyte answered and logged
from typing import Any

from restock.errors import BadRequestError
from restock.stored import names

REASONS = ("schedule", "threshold", "manual")


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    reason: str
    """schedule, threshold or manual."""
    rebuild: bool = False
    """Read all appointments again, whatever the history says."""
    force: bool = False
    """Publish although the gate refuses, or the full read looks broken."""
    adopt: bool = False
    """Take over a bucket or a pointer of another place, as after a move to another region."""
    shop: str = ""
    """Whose, in a chain; the stores a run is handed are that shop's already."""

    def as_json(self) -> dict[str, Any]:
        """What says it: its reason, and what is not as usual.

        >>> RetrainRequest("manual", rebuild=True).as_json()
        {'reason': 'manual', 'rebuild': True}
        """
        return {name: value for name, value in asdict(self).items() if value not in (False, "")}

    def as_call(self, account: str, audience: str) -> dict[str, Any]:
        """The call that asks, as Cloud Tasks and Cloud Scheduler have it in JSON, but for its address."""
        return {
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(json.dumps(self.as_json()).encode()).decode(),
            "oidcToken": {"serviceAccountEmail": account, "audience": audience},
        }


def parse_request(body: bytes) -> RetrainRequest:
    """Raises BadRequestError naming the field and the remedy.

    >>> parse_request(b'{"reason": "manual", "rebuild": true}')
    RetrainRequest(reason='manual', rebuild=True, force=False, adopt=False, shop='')
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise BadRequestError('the body is not JSON; send {"reason": "manual"}') from exc
    if not isinstance(asked, dict):
        raise BadRequestError('the body is not an object; send {"reason": "manual"}')
    if unknown := asked.keys() - {field.name for field in fields(RetrainRequest)}:
        raise BadRequestError(f"unknown field {repr(min(unknown))}; known are reason, rebuild, force, adopt and shop")
    if asked.get("reason") not in REASONS:
        raise BadRequestError(f"reason is {repr(asked.get('reason'))}; send one of {', '.join(REASONS)}")
    for name in ("rebuild", "force", "adopt"):
        if not isinstance(asked.get(name, False), bool):
            raise BadRequestError(f"{name} is {repr(asked[name])}; send true or false")
    if (shop := asked.get("shop", "")) != "" and not (isinstance(shop, str) and names.IS_SHOP(shop)):
        raise BadRequestError(f"shop is {repr(shop)}; send the id of a shop: up to 64 letters, digits, _ and -")
    if asked.get("adopt") and asked["reason"] != "manual":
        raise BadRequestError("adopt is for people; send it with the reason manual")
    return RetrainRequest(**asked)
