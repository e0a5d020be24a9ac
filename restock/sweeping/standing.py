"""How a shop stands after its night: what will run out, what lies idle, and what of both another shop could change.

By the advice that /v1/restock gives, with its usual answers to what a caller may say; from the catalogue, the orders
and the model as they are after the run. Jobs that are booked have no say: they change by the hour, this is of a night.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from restock.errors import DamagedError
from restock.scoped import documents_of, objects_of
from restock.serving import operations
from restock.serving.model import Model
from restock.serving.order_list import restock
from restock.serving.ordering.book import Entries, read_entries
from restock.serving.ordering.group import MONEY_DECIMALS
from restock.serving.ordering.known import known
from restock.serving.ordering.store import OrderStore
from restock.serving.parameters import read_query
from restock.serving.stock import FIELDS, Shelf, of_shop, shelf_of
from restock.stored import names
from restock.stored.balance import Balance, Idle, Short
from restock.stored.published import read_live, read_verified
from restock.stored.shop import Shop
from restock.stored.summary import Standing
from restock.stores import DocumentStore, ObjectStore

LIKELY = 0.5
PAGE_SIZE = 1000
_HAIR = 1e-6


def standing_of(
    shop: Shop, documents: DocumentStore, objects: ObjectStore, orders: OrderStore, now: datetime
) -> tuple[Standing, Balance]:
    """Of a shop that has a live version, from the chain's stores, of which ``orders`` is the shop's own already."""
    model = _live_model(objects_of(shop.id, objects))
    shelves = {
        found.id: of_shop(shelf_of(found.fields), shop.lead_time_days)
        for page in documents_of(shop.id, documents).pages(names.CATALOGUE, FIELDS, PAGE_SIZE)
        for found in page
    }
    return standing(model, shelves, read_entries(orders, now), now.astimezone(shop.settings.zone))


def _live_model(objects: ObjectStore) -> Model:
    live = read_live(objects)
    if live.pointer is None:
        raise DamagedError("no version is live")
    data = read_verified(objects, names.forecast(live.pointer.version), live.pointer.forecast_sha256)
    return Model.from_bytes(data, live.pointer, live.generation)


def standing(model: Model, shelves: Mapping[str, Shelf], entries: Entries, here: datetime) -> tuple[Standing, Balance]:
    """``here`` is in the shop's zone."""
    values = read_query("", operations.RESTOCK.parameters)
    values["from"] = here.date()
    catalogue = model.lines.gather(shelves)
    answer = restock(model, catalogue, known(entries, model.lines, catalogue, values["lead_time_days"], here), values)
    parts = answer["parts"]
    valued = [(part, max(part["on_hand"], 0.0)) for part in parts]
    figures = Standing(
        at=here,
        trained_at=model.trained_at,
        stock_outs=sum(part["stock_out_chance"] >= LIKELY for part in parts),
        order_today=sum(part["order_today"] for part in parts),
        stock_value=_money((part["unit_cost"], there) for part, there in valued),
        idle_value=_money((part["unit_cost"], there - part["order_up_to"]) for part, there in valued),
        parts_without_cost=sum(part["unit_cost"] is None and there > 0 for part, there in valued),
    )
    rows = [(part, _step(model, part["part"])) for part in parts]
    short = [_short(part, step) for part, step in rows if part["on_hand"] + part["on_order"] <= part["reorder_point"]]
    idle = [_idle(part, step) for part, step in rows]
    return figures, Balance(
        at=here,
        short=tuple(one for one in short if one.missing > 0),
        idle=tuple(sorted((one for one in idle if one.spare > 0), key=lambda one: (-one.spare, one.part))),
    )


def _money(amounts: Iterable[tuple[float | None, float]]) -> float:
    return round(sum((cost or 0.0) * max(many, 0.0) for cost, many in amounts), MONEY_DECIMALS)


def _step(model: Model, part: str) -> float:
    """The least of it that is moved: one, or the part of one that is used."""
    (row,) = model.lines.find(part)
    return round(min(float(model.artifact.distribution.unit[row]), 1.0), 6)


def _short(part: Mapping[str, Any], step: float) -> Short:
    position = part["on_hand"] + part["on_order"]
    return Short(
        **_named(part),
        missing=round(max(part["order_up_to"] - position, 0.0), 6),
        chance=part["stock_out_chance"],
        step=step,
        minimum_order=part["minimum_order"],
        pack=part["pack"] or 0.0,
        room=None if part["maximum"] is None else round(max(part["maximum"] - position, 0.0), 6),
        can_be_ordered=not part["discontinued"],
    )


def _idle(part: Mapping[str, Any], step: float) -> Idle:
    spare = float(np.floor((part["on_hand"] - part["order_up_to"]) / step + _HAIR) * step)
    return Idle(**_named(part), spare=round(spare, 6))


def _named(part: Mapping[str, Any]) -> dict[str, str]:
    return {"part": part["part"], "name": part["name"], "sku": part["sku"]}
