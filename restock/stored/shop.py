"""``restock_shops/{shop}``: that a shop of a chain is one, and its settings, which people write.

What runs leave of a shop lies beside its state (``restock_state``): no run writes over what a person wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from restock.errors import SettingsError
from restock.setting_kinds import flag, text, whole
from restock.settings import Settings
from restock.stored import names

OF_THE_ENVIRONMENT = {"time_zone": "time_zone", "closed_days": "closed_days", "threshold": "retrain_threshold"}
"""A shop's field → the setting of the environment that it stands for, and whose rules it is held to."""
LONGEST_LEAD_TIME = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Why the next sweep takes this shop, whatever the hour; a person writes it, the commit clears it."""

    rebuild: bool = False
    force: bool = False
    adopt: bool = False

    @classmethod
    def in_fields(cls, found: Mapping[str, Any]) -> Asked | None:
        """None if the shop is not asked for; raises ValueError with the remedy."""
        given = found.get("asked")
        if given is None:
            return None
        if not isinstance(given, dict) or given.keys() - cls.__slots__:
            raise ValueError("is not a map of rebuild, force and adopt; write {} for a run as usual")
        return cls(**{name: flag(str(value)) for name, value in given.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    id: str
    settings: Settings
    """The deployment's, with this shop's own in place of them."""
    name: str = ""
    lead_time_days: int | None = None
    asked: Asked | None = None
    update_time: datetime | None = None

    @classmethod
    def from_fields(
        cls, id: str, found: Mapping[str, Any], deployment: Settings, update_time: datetime | None = None
    ) -> Shop:
        """Raises SettingsError that lists every mistake with its remedy, as the environment's do.

        >>> Shop.from_fields("north", {"treshold": 5}, deployment=...)
        Traceback (most recent call last):
        restock.errors.SettingsError: shop north stands still: treshold is not known (known are asked, closed_days, ...
        """
        mistakes = [] if names.IS_SHOP(id) else ["its id is no shop's: use up to 64 letters, digits, _ and -"]
        unknown = sorted(found.keys() - set(KNOWN))
        mistakes += [f"{name} is not known (known are {', '.join(KNOWN)})" for name in unknown]
        own: dict[str, Any] = {}
        for name, read in _KINDS.items():
            if (given := found.get(name)) is None:
                continue
            try:
                own[name] = read(_written(given))
            except ValueError as exc:
                mistakes.append(f"{name}={given!r} {exc}")
        if found.get("time_zone") is None:
            mistakes.append("time_zone is not set: the shop's time zone, where its days begin")
        try:
            asked = Asked.in_fields(found)
        except ValueError as exc:
            mistakes.append(f"asked={found['asked']!r} {exc}")
        if mistakes:
            raise SettingsError(f"shop {id} stands still: {'; '.join(mistakes)}; correct {names.shop(id)}")
        changed = {setting: own.pop(name) for name, setting in OF_THE_ENVIRONMENT.items() if name in own}
        return cls(id=id, settings=replace(deployment, **changed), asked=asked, update_time=update_time, **own)


IN_A_LIST = ("time_zone", "asked")
"""What a list of all shops needs of each; its mistakes are told when its turn comes."""


def zone_in(found: Mapping[str, Any]) -> str:
    return str(found.get("time_zone", ""))


def is_asked_for(found: Mapping[str, Any]) -> bool:
    return found.get("asked") is not None


def _written(given: Any) -> str:
    """As the environment would have it. A list of texts is one of days; whole numbers come as floats from some writers.

    >>> _written(["2026-12-25", "2026-12-26"]), _written(12.0)
    ('2026-12-25,2026-12-26', '12')
    """
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return ",".join(given)
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError("is neither a text nor a number")
    return str(given).strip()


def _of_the_environment(setting: str) -> Callable[[str], Any]:
    (parse,) = (one.metadata["parse"] for one in fields(Settings) if one.name == setting)
    return parse  # type: ignore[no-any-return]  # a field's metadata has no types


_KINDS: dict[str, Callable[[str], Any]] = {
    **{name: _of_the_environment(setting) for name, setting in OF_THE_ENVIRONMENT.items()},
    "lead_time_days": whole(0, LONGEST_LEAD_TIME),
    "name": text,
}
KNOWN = tuple(sorted([*_KINDS, "asked"]))
