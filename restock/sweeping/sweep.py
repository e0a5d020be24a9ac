"""The nightly learning of all shops, by one task of a Cloud Run job's array; also first reads and rebuilds.

Every task walks all shops, the largest first, each from a place of its own, and skips what is leased or done: the
leases are the list of work, so nobody has to divide it, and a task that dies leaves nothing that another cannot take::

    task 0   A ────────────────┤ E ──┤ F ──┤            (C is leased, D is done: one read each)
    task 1   B ──────┤ C ──┤ D ────┤ G ──┤
    killed   B ──X   B (its next attempt holds its own lease) ──┤ …

That two tasks learn one shop twice, the lease and the look at its summary exclude but for a moment; a second run in
that moment finds that nothing changed since today's training.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from restock.errors import RestockError, SettingsError, UnknownShopError
from restock.logs import Log
from restock.retraining.endings import Outcome
from restock.scoped import documents_of
from restock.shops import Shops
from restock.stored import names
from restock.stored.balance import Balance
from restock.stored.fields import if_readable
from restock.stored.retrain_request import RetrainRequest
from restock.stored.shop import IN_A_LIST, Asked, Shop, is_asked_for, zone_in
from restock.stored.summary import Standing, Summary
from restock.stores import DocumentStore, Fields, amend
from restock.sweeping.task import Task
from restock.sweeping.turn import BEHIND, TRIES, Listed, in_order, is_behind, is_turn, request_for

NOT_THROUGH = ("failed", "overtaken")
"""To be tried again."""
WRONG = "wrong settings"
LEFT = (*NOT_THROUGH, "not its turn", "busy")
"""How a shop may end here and have learnt nothing today."""
PAGE_SIZE = 300


@dataclass(frozen=True)
class Sweeper:
    """What one task acts on. ``learn`` is one retrain; ``limited`` ends it when it takes longer than its shop may."""

    task: Task
    hour: int
    documents: DocumentStore
    shops: Shops
    learn: Callable[[Shop, RetrainRequest], Outcome]
    limited: Callable[[], AbstractContextManager[None]]
    log: Log
    clock: Callable[[], datetime]
    stands: Callable[[Shop], tuple[Standing, Balance]]
    """How a shop that has a model stands, for the chain's page and for transfers."""
    cpu: Callable[[], float] = time.process_time


@dataclass
class Swept:
    """What became of the shops this task looked at."""

    ended: Counter[str] = field(default_factory=Counter)
    to_repeat: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Cloud Run repeats a task that ends otherwise than with 0."""
        return 1 if self.to_repeat else 0


def sweep(sweeper: Sweeper) -> Swept:
    swept = Swept()
    started = sweeper.clock()
    shops = in_order(list(listed(sweeper.documents)), sweeper.task.index)
    for shop in shops:
        status = _turn_of(sweeper, shop, swept)
        swept.ended[status] += 1
        if status == WRONG or (status in LEFT and is_behind(shop, sweeper.clock())):
            swept.behind.append(shop.id)
    task = sweeper.task
    if swept.behind and task.index == 0:  # every task knows it
        sweeper.log.error(f"{len(swept.behind)} of {len(shops)} {BEHIND}: {', '.join(sorted(swept.behind)[:20])}")
    sweeper.log.info(
        "swept" if not swept.to_repeat else "swept; some shops are to be repeated",
        execution=task.execution,
        task=f"{task.index} of {task.count}, attempt {task.attempt}",
        shops=len(shops),
        ended=dict(swept.ended),
        to_repeat=swept.to_repeat[:20],
        seconds=(sweeper.clock() - started).total_seconds(),
    )
    return swept


def listed(documents: DocumentStore) -> Iterator[Listed]:
    """All shops that are registered, with what is known of their last runs."""
    for page in documents.pages(names.SHOPS, IN_A_LIST, PAGE_SIZE):
        summaries = documents.get_many([names.root(shop.id) + names.SUMMARY for shop in page])
        for shop in page:
            found = summaries.get(names.root(shop.id) + names.SUMMARY)
            summary = if_readable(Summary.from_fields, found.fields if found else None)
            yield Listed(shop.id, zone_in(shop.fields), is_asked_for(shop.fields), summary)


def _turn_of(sweeper: Sweeper, shop: Listed, swept: Swept) -> str:
    """Take one shop, if it is its turn and nobody else's; says how that ended. Never raises: others wait for theirs."""
    if not is_turn(shop, sweeper.clock(), sweeper.hour):
        return "not its turn"
    log = sweeper.log.of_shop(shop.id)
    try:
        documents = documents_of(shop.id, sweeper.documents)
        found = documents.get(names.SUMMARY)  # as it is now: another task may have been here since it was listed
        now_listed = replace(shop, summary=if_readable(Summary.from_fields, found.fields if found else None))
        if not is_turn(now_listed, sweeper.clock(), sweeper.hour):
            return "done by another task"
        known = sweeper.shops.find(shop.id)
        now_listed = replace(now_listed, is_asked_for=known.asked is not None)
        if not is_turn(now_listed, sweeper.clock(), sweeper.hour):
            return "done by another task"  # which was asked for it, and is no more
    except (SettingsError, UnknownShopError) as exc:  # nothing that a repetition could mend
        log.error(str(exc))
        return WRONG
    except RestockError as exc:
        log.error(f"not swept: {exc}")
        swept.to_repeat.append(shop.id)
        return "failed"
    return _learn(sweeper, known, documents, now_listed.summary, swept)


def _learn(sweeper: Sweeper, shop: Shop, documents: DocumentStore, before: Summary | None, swept: Swept) -> str:
    log, asked = sweeper.log.of_shop(shop.id), request_for(shop)
    cpu, started = sweeper.cpu(), sweeper.clock()
    try:
        with sweeper.limited():
            outcome = sweeper.learn(shop, asked)
    except Exception as exc:
        log.error(f"the run broke off: {exc!r}")
        outcome = Outcome("failed", 500, f"the run broke off: {type(exc).__name__}")
    if outcome.status == "busy":
        return "busy"
    is_through = outcome.status not in NOT_THROUGH
    failures = 0 if is_through else (before.failures if before else 0) + 1
    if not is_through and failures < TRIES:
        swept.to_repeat.append(shop.id)
    now = sweeper.clock()
    through_before, stood_before = (before.swept_on, before.standing) if before else (None, None)
    summary = Summary(
        at=now,
        status=outcome.status,
        message=outcome.message,
        version=outcome.version,
        swept_on=now.astimezone(shop.settings.zone).date() if is_through else through_before,
        failures=failures,
        cpu_seconds=round(sweeper.cpu() - cpu, 3),
        seconds=round((now - started).total_seconds(), 3),
        standing=(_standing(sweeper, shop, documents) if is_through else None) or stood_before,
    )
    try:
        if is_through and shop.asked is not None and outcome.status != "pinned":
            clear_asked(sweeper.documents, shop)
        documents.set(names.SUMMARY, summary.to_fields())
    except RestockError as exc:  # the shop has learnt; that it did is looked up in the history, at some cost
        log.warning(f"what the sweep did is not noted: {exc}")
    return outcome.status


def _standing(sweeper: Sweeper, shop: Shop, documents: DocumentStore) -> Standing | None:
    """None where it can't be told: the shop has learnt all the same, and what was known of it stays, with its age."""
    try:
        with sweeper.limited():
            standing, balance = sweeper.stands(shop)
        documents.set(names.BALANCE, balance.to_fields())
    except Exception as exc:
        sweeper.log.of_shop(shop.id).warning(f"how the shop stands is not known: {exc!r}")
        return None
    return standing


def clear_asked(documents: DocumentStore, shop: Shop) -> None:
    """What was asked for is done; what somebody asked for meanwhile stays."""

    def without(fields: Fields | None) -> Fields | None:
        if fields is None or not _asks_for(fields, shop.asked):
            return None
        return {name: value for name, value in fields.items() if name != "asked"}

    amend(documents, names.shop(shop.id), without)


def _asks_for(fields: Fields, what: Asked | None) -> bool:
    try:
        return Asked.in_fields(fields) == what
    except ValueError:  # something else, and wrong: the next turn says so
        return False
