"""Lead times learnt from receipts."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from restock.serving.ordering.suppliers import MOST_COUNTED, learnt
from restock.stored.order import RECEIVED
from tests.unit.serving.ordering.cases import NOON, line, order

LONDON = ZoneInfo("Europe/London")


def delivered(days, ago=10, **changed):
    ordered = {"status": RECEIVED, "ordered_at": NOON - timedelta(ago + days), "received_days_ago": ago}
    return order(line(5, received=5), **(ordered | changed))


def test_five_receipts_of_a_supplier_give_its_lead_time_and_four_do_not():
    five = learnt([delivered(days) for days in (5, 7, 7, 8, 20)], LONDON)
    four = learnt([delivered(days) for days in (5, 7, 7, 8)], LONDON)

    assert five["miller"].chances == ((5, 0.2), (7, 0.4), (8, 0.2), (20, 0.2))
    assert (five["miller"].usual_days, five["miller"].late_days, five["miller"].receipts) == (7, 20, 5)
    assert four == {}


def test_a_supplier_is_one_however_it_is_written():
    assert set(learnt([delivered(3, supplier=name) for name in ("Miller", "miller ", "MILLER", " Miller", "Miller")],
                      LONDON)) == {"miller"}  # fmt: skip


def test_what_did_not_come_and_what_has_no_supplier_teaches_nothing():
    nothing = order(line(5), status=RECEIVED, received_days_ago=1)
    nobodys = delivered(3, supplier="")

    assert learnt([delivered(3)] * 4 + [nothing, nobodys, order(line(5))], LONDON) == {}


def test_days_are_the_shops():
    """Ordered at half past eleven in the evening, received after midnight: the next day there, whatever UTC says."""
    evening = NOON.replace(hour=22, minute=30)  # 23:30 in London
    night = [delivered(0, ordered_at=evening, received_at=evening + timedelta(hours=1)) for _ in range(5)]

    assert learnt(night, LONDON)["miller"].chances == ((1, 1.0),)


def test_only_the_newest_receipts_count():
    old, new = [delivered(30, ago=100 + n) for n in range(20)], [delivered(3, ago=n) for n in range(MOST_COUNTED)]

    assert learnt(old + new, LONDON)["miller"].chances == ((3, 1.0),)
