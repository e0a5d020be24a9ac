"""What the order book knows of each line of the model: what is coming, what its owner says, how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from restock.serving.lines import Line, Lines
from restock.serving.ordering.book import Entries
from restock.serving.ordering.booked_need import Need
from restock.serving.ordering.coming import Coming, Today, coming
from restock.serving.ordering.suppliers import LeadTime, learnt
from restock.stored.part_facts import PartFacts
from restock.written import fold

LONGEST_KNOWN_LEAD_TIME = 365
"""A catalogue that says more is taken at this."""


@dataclass(frozen=True, slots=True)
class Known:
    """By the row of the model's artifact."""

    coming: Mapping[int, Coming] = field(default_factory=dict)
    facts: Mapping[int, PartFacts] = field(default_factory=dict)
    learnt: Mapping[str, LeadTime] = field(default_factory=dict)
    """By supplier, folded."""
    needed: Mapping[str, Need] = field(default_factory=dict)
    """What booked jobs will need, by part."""

    def lead_time(self, row: int, line: Line, usual_days: int) -> LeadTime:
        """What deliveries taught, else what the owner says, else the catalogue, else the usual."""
        facts = self.facts.get(row)
        found = self.learnt.get(fold(facts.supplier)) if facts and facts.supplier else None
        return found or LeadTime.given(_days_given(facts, line, usual_days))


def known(entries: Entries, lines: Lines, catalogue: Mapping[int, Line], usual_days: int, now: datetime) -> Known:
    """Keys of orders and facts are those of when they were written; they mean the parts of today.

    ``now`` is in the shop's zone: days are counted there.
    """
    rows = {word: found[0] for word in _words(entries) if len(found := lines.find(word)) == 1}
    facts: dict[int, PartFacts] = {}
    for one in sorted(entries.facts.values(), key=lambda one: one.edited_at or datetime.min.replace(tzinfo=UTC)):
        if one.part in rows and (one.part == lines.key(rows[one.part]) or rows[one.part] not in facts):
            facts[rows[one.part]] = one
    taught = learnt(entries.orders, now.tzinfo)

    def late_days(supplier: str, part: str) -> int:
        row = rows[part]
        found = taught.get(fold(supplier))
        return found.late_days if found else _days_given(facts.get(row), catalogue.get(row, Line()), usual_days)

    def stock_of(part: str) -> float | None:
        line = catalogue.get(rows[part])
        return line.on_hand if line else None

    listed = {lines.key(row): row for row in rows.values()}
    rows |= listed
    today = Today(now, lambda word: lines.key(rows[word]) if word in rows else None, stock_of, late_days)
    by_part = coming(entries.orders, today)
    return Known({listed[part]: its for part, its in by_part.items()}, facts, taught)


def _words(entries: Entries) -> set[str]:
    return {line.part for order in entries.orders for line in order.lines} | set(entries.facts)


def _days_given(facts: PartFacts | None, line: Line, usual_days: int) -> int:
    if facts is not None and facts.lead_time_days is not None:
        return facts.lead_time_days
    return usual_days if line.lead_time_days is None else min(line.lead_time_days, LONGEST_KNOWN_LEAD_TIME)
