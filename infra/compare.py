"""What stands against what a deploy would set, field by field: what was changed by hand is found, whatever it was.

Google completes what it is given (ids, times, its own defaults) and leaves out what is zero or empty. So only the
fields that are wanted are compared, one that is absent counts as empty, and a number, a size or a duration is the same
however it is written.
"""

from __future__ import annotations

import re
from typing import Any

EMPTY: tuple[Any, ...] = (None, "", 0, False, [], {}, "0s", "0")


def because(reason: str, found: Any, differs: list[str]) -> str:
    """Why something is made, or changed where it stands.

    >>> because("one retrain at a time", {}, ["state"])
    'one retrain at a time'
    >>> because("one retrain at a time", {"state": "PAUSED"}, ["state"])
    'one retrain at a time (differs in state)'
    """
    return f"{reason} (differs in {', '.join(differs)})" if found and differs else reason


def differences(found: Any, wanted: Any, where: str = "") -> list[str]:
    """The paths of the wanted fields that stand otherwise.

    >>> differences({"retries": {"max": "3", "wait": "600.0s"}, "id": "x"}, {"retries": {"max": 3, "wait": "600s"}})
    []
    >>> differences({"retries": {"max": 4}}, {"retries": {"max": 3}, "state": "ENABLED", "paused": False})
    ['retries.max', 'state']
    """
    if isinstance(wanted, dict) and wanted:
        below = found if isinstance(found, dict) else {}
        return [
            path
            for key, value in wanted.items()
            for path in differences(below.get(key), value, f"{where}.{key}" if where else key)
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        return [
            path for place, value in enumerate(wanted) for path in differences(found[place], value, f"{where}[{place}]")
        ]
    is_same = _plain(found) == _plain(wanted) or (found in EMPTY and wanted in EMPTY)
    return [] if is_same else [where]


def _plain(value: Any) -> Any:
    """
    >>> _plain("2Gi") == _plain("2048M"), _plain("1000m") == _plain(1), _plain("1.0") == _plain(1), _plain(True)
    (True, True, True, True)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    number = re.fullmatch(r"(\d+(?:\.\d+)?)(Gi?|Mi?|m|s)?", str(value))
    if not number:
        return value
    factor = {"G": 1024.0, "M": 1.0, "m": 0.001}.get((number[2] or " ")[0], 1.0)
    return round(float(number[1]) * factor, 6)
