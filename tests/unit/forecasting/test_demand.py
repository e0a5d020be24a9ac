"""Usage and catalogue become daily demand per part."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from restock.errors import RefusedError
from restock.forecasting import demand as demand_module
from restock.forecasting.demand import CatalogueItem, Demand
from restock.stored.artifact import Part

COLUMNS = ["appointment", "day", "key", "name", "quantity"]


def usage(*rows) -> pd.DataFrame:
    frame = pd.DataFrame([(f"a{k}", *row) for k, row in enumerate(rows)], columns=COLUMNS)
    return frame.assign(day=pd.to_datetime(frame["day"]), quantity=frame["quantity"].astype(float))


def row(demand: Demand, name: str) -> list[float]:
    return demand.quantities[[part.name for part in demand.parts].index(name)].tolist()


def test_days_run_from_the_first_usage_through_the_last_day_and_missing_days_are_zero():
    demand = Demand.from_usage(
        usage(("2026-03-02", "p1", "Oil", 2), ("2026-03-04", "p1", "Oil", 1), ("2026-03-04", "p1", "Oil", 0.5)),
        [CatalogueItem("p1", "Oil")],
        through=date(2026, 3, 6),
    )

    assert (demand.first_day, demand.last_day) == (date(2026, 3, 2), date(2026, 3, 6))
    assert row(demand, "Oil") == [2, 0, 1.5, 0, 0]
    assert demand.unit.tolist() == [0.5]


def test_usage_by_id_by_name_and_by_an_old_id_with_a_known_name_is_one_part():
    catalogue = [CatalogueItem("p1", "Air Filter"), CatalogueItem("p2", "Oil", "fluids")]
    demand = Demand.from_usage(
        usage(
            ("2026-03-02", "p1", "Filter (before it was renamed)", 1),
            ("2026-03-02", "air filter", "AIR FILTER ", 2),
            ("2026-03-02", "deleted-id", " Air filter", 4),
        ),
        catalogue,
        through=date(2026, 3, 2),
    )

    assert demand.parts == (Part("p1", "Air Filter"), Part("p2", "Oil", True, "fluids"))
    assert row(demand, "Air Filter") == [7]
    assert row(demand, "Oil") == [0]
    assert demand.unknown == ()


def test_catalogue_documents_of_one_name_are_one_part_named_once():
    demand = Demand.from_usage(
        usage(("2026-03-02", "p1", "Oil", 1), ("2026-03-02", "p2", "oil", 2)),
        [CatalogueItem("p2", "oil "), CatalogueItem("p1", "Oil"), CatalogueItem("p3", "  ")],
        through=date(2026, 3, 2),
    )

    assert demand.parts == (Part("p1", "Oil", documents=("p2",)),)
    assert row(demand, "Oil") == [3]


def test_what_the_catalogue_does_not_know_stays_under_its_folded_name_and_is_reported():
    demand = Demand.from_usage(
        usage(
            ("2026-03-02", "gone", "Fork Seal", 1),
            ("2026-03-03", "fork seal", "FORK SEAL", 1),
            ("2026-03-03", "x9", None, 1),
        ),
        [],
        through=date(2026, 3, 3),
    )

    assert demand.parts == (Part("fork seal", "FORK SEAL", active=False), Part("x9", "x9", active=False))
    assert row(demand, "FORK SEAL") == [1, 1]
    assert demand.unknown == ("FORK SEAL", "x9")


def test_of_endlessly_many_unknown_parts_the_most_used_are_kept():
    many = [("2026-03-02", f"invented {number}", None, 1) for number in range(2500)]
    demand = Demand.from_usage(
        usage(*many, ("2026-03-01", "often used", None, 2), ("2026-03-02", "p1", "Oil", 1)),
        [CatalogueItem("p1", "Oil")],
        through=date(2026, 3, 2),
    )

    assert len(demand.parts) == len(demand.quantities) == 2001
    assert row(demand, "often used") == [2, 0]
    assert row(demand, "Oil") == [0, 1]
    assert len(demand.unknown) == 2501


def test_a_superseded_part_hands_its_history_to_its_successor_along_a_chain():
    catalogue = [
        CatalogueItem("p1", "Pad v1"),
        CatalogueItem("p2", "Pad v2", supersedes="p1"),
        CatalogueItem("p3", "Pad v3", supersedes="Pad V2"),
    ]
    demand = Demand.from_usage(
        usage(("2026-03-02", "p1", "Pad v1", 1), ("2026-03-03", "p2", "Pad v2", 2)), catalogue, through=date(2026, 3, 3)
    )

    assert row(demand, "Pad v3") == [1, 2]
    assert row(demand, "Pad v1") == row(demand, "Pad v2") == [0, 0]


def test_parts_that_supersede_each_other_lose_nothing():
    catalogue = [CatalogueItem("p1", "A", supersedes="p2"), CatalogueItem("p2", "B", supersedes="p1")]

    demand = Demand.from_usage(usage(("2026-03-02", "p1", "A", 3)), catalogue, through=date(2026, 3, 2))

    assert demand.quantities.sum() == 3


def test_every_id_that_a_part_supersedes_leads_to_it_be_it_in_the_catalogue_or_not():
    catalogue = [
        CatalogueItem("p1", "Pad v1"),
        CatalogueItem("p1b", "pad V1 "),
        CatalogueItem("p2", "Pad v2", supersedes="p1"),
        CatalogueItem("p3", "Pad v3", supersedes="p2"),
        CatalogueItem("p4", "Seal", supersedes="seal-of-1990"),
    ]
    demand = Demand.from_usage(
        usage(("2026-03-02", "p1b", "", 1), ("2026-03-02", "seal-of-1990", "", 4)), catalogue, through=date(2026, 3, 2)
    )

    documents = {part.key: part.documents for part in demand.parts}
    assert documents == {"p1": (), "p2": (), "p3": ("p1", "p1b", "p2"), "p4": ("seal-of-1990",)}
    assert (row(demand, "Pad v3"), row(demand, "Seal")) == ([1], [4])
    assert demand.unknown == ()


def test_of_parts_that_supersede_each_other_one_has_all_documents():
    catalogue = [
        CatalogueItem("p1", "A", supersedes="p3"),
        CatalogueItem("p2", "B", supersedes="p1"),
        CatalogueItem("p3", "C", supersedes="p2"),
        CatalogueItem("p4", "D", supersedes="D"),
    ]
    demand = Demand.from_usage(
        usage(*(("2026-03-02", f"p{k}", "", 1) for k in (1, 2, 3, 4))), catalogue, through=date(2026, 3, 2)
    )

    lines = {part.key: part.documents for part, (units,) in zip(demand.parts, demand.quantities, strict=True) if units}
    assert lines == {"p2": ("p1", "p3"), "p4": ()}
    assert row(demand, "B") == [3]


def test_each_part_tells_the_day_of_its_last_use():
    demand = Demand(
        (Part("p", "p"), Part("q", "q"), Part("r", "r")),
        date(2026, 3, 2),
        np.array([[2.0, 0, 1], [3, 0, 0], [0, 0, 0]]),
    )

    assert [part.last_used for part in demand.parts_with_facts()] == ["2026-03-04", "2026-03-02", None]


def test_a_catalogue_without_usage_has_one_day_of_zeros():
    nothing = usage().astype({"day": "datetime64[ns]"})

    demand = Demand.from_usage(nothing, [CatalogueItem("p1", "Oil")], through=date(2026, 3, 2))

    assert row(demand, "Oil") == [0]
    assert demand.first_day == demand.last_day == date(2026, 3, 2)


def test_usage_after_the_last_day_waits_unless_there_is_no_other():
    catalogue = [CatalogueItem("p1", "Oil")]

    both = Demand.from_usage(
        usage(("2026-03-02", "p1", "Oil", 1), ("2026-03-03", "p1", "Oil", 5)), catalogue, through=date(2026, 3, 2)
    )
    opened_today = Demand.from_usage(usage(("2026-03-03", "p1", "Oil", 5)), catalogue, through=date(2026, 3, 2))

    assert row(both, "Oil") == [1]
    assert row(opened_today, "Oil") == [5]
    assert opened_today.last_day == date(2026, 3, 3)


@pytest.mark.parametrize(("quantity", "unit"), [(3, 1), (2.5, 0.5), (0.7, 0.1), (1.25, 0.25), (0.333, 0.01)])
def test_the_unit_is_the_largest_step_that_divides_every_quantity(quantity, unit):
    demand = Demand((Part("p", "p"),), date(2026, 3, 2), np.array([[0.0, quantity, 4.0]]))

    assert demand.unit.tolist() == [unit]


def test_promise_6_of_many_parts_the_oldest_days_are_left_out_before_anything_is_allocated(monkeypatch):
    monkeypatch.setattr(demand_module, "MOST_CELLS", 300)
    rows = [("2025-01-01", "p1", "Oil", 2), ("2026-03-04", "p1", "Oil", 1)]

    demand = Demand.from_usage(usage(*rows), [CatalogueItem("p1", "Oil")], through=date(2026, 3, 4))

    assert demand.days == 300
    assert demand.left_out == 428 - 300
    assert demand.quantities.sum() == 1


def test_promise_6_what_would_not_fit_at_all_is_refused_with_a_number(monkeypatch):
    monkeypatch.setattr(demand_module, "MOST_CELLS", 182)
    rows = [(day, f"p{k}", f"P{k}", 1) for k in range(3) for day in ("2025-01-01", "2026-03-04")]

    with pytest.raises(RefusedError, match="3 parts do not fit into this run's memory, 2 would"):
        Demand.from_usage(usage(*rows), [], through=date(2026, 3, 4))
