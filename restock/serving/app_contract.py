"""The app's contract: ``POST /forecast_restock_demand``, ``GET /health``, ``GET /parts``. Fixed to the letter.

Messages, statuses and the order of the checks are what an existing app relies on; they do not follow API v1's manners.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from restock import written
from restock.serving.demand_request import DemandRequest
from restock.serving.http import HttpError

if TYPE_CHECKING:
    from restock.serving.compression import Encoded
    from restock.serving.model import Model

MOST_DAYS = 90
DEFAULT_DAYS = 7


def parse_request(body: bytes, today: date) -> DemandRequest:
    """Read the body, whatever its content type; raise HttpError 400 in the contract's words and order.

    >>> parse_request(b'{"forecast_days": 3, "current_date": "2026-05-01"}', today=date(2026, 6, 1))
    DemandRequest(days=3, start=datetime.date(2026, 5, 1))
    """
    fields = _json_object(body)
    days = fields.get("forecast_days", DEFAULT_DAYS)
    if type(days) is not int or days < 1:
        raise HttpError(400, "forecast_days must be a positive integer", field="forecast_days")
    if days > MOST_DAYS:
        raise HttpError(400, f"forecast_days cannot exceed {MOST_DAYS} days", field="forecast_days")
    start = _day(fields["current_date"]) if "current_date" in fields else today
    if (date.max - start).days < days - 1:
        raise HttpError(400, f"the forecast must end by {date.max}", field="current_date")
    return DemandRequest(days, start)


def _json_object(body: bytes) -> dict[str, Any]:
    fields = json_value(body)
    if not fields:
        raise HttpError(400, "No JSON data provided")
    if not isinstance(fields, dict):
        raise HttpError(400, "The request body must be a JSON object")
    return fields


def json_value(body: bytes) -> Any:
    """What a body holds, in whichever of JSON's encodings; raise HttpError 400 for anything but strict JSON."""
    if not body.strip():
        raise HttpError(400, "No JSON data provided")
    try:
        return _JSON.decode(str(body, json.detect_encoding(body)))
    except (ValueError, RecursionError) as exc:  # a UnicodeDecodeError or too long a number is a ValueError too
        raise HttpError(400, "The request body is not valid JSON") from exc


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def _day(value: object) -> date:
    try:
        return written.day(value if isinstance(value, str) else "")
    except ValueError as exc:
        raise HttpError(400, "current_date must be in YYYY-MM-DD format", field="current_date") from exc


def demand(model: Model, request: DemandRequest, now: datetime) -> tuple[dict[str, Any], Encoded]:
    """Expected demand per active part, in total and day by day: what changes with the clock, and what was prepared."""
    head = {"status": "success", "model": model.about(now), "timestamp": now.isoformat()}
    return head, model.answers.get(request, lambda: model.days.period_json(request.start, request.days))


def health(model: Model | None, problem: str, now: datetime) -> dict[str, Any]:
    """Always 200: ``degraded`` says that the newest published version may not be what is served, or nothing is."""
    answer: dict[str, Any] = {
        "status": "healthy" if model and not problem else "degraded",
        "model_loaded": model is not None,
        "parts_loaded": model is not None,
        "num_parts": len(model.names) if model else 0,
        "timestamp": now.isoformat(),
    }
    if model:
        answer["model"] = model.about(now)
    if problem or not model:
        answer["problem"] = problem or "no model has been published yet"
    return answer


def parts(model: Model, now: datetime) -> dict[str, Any]:
    """The names by which the other answers name parts."""
    head = {"status": "success", "model": model.about(now), "timestamp": now.isoformat()}
    return {**head, "parts": model.names, "count": len(model.names)}
