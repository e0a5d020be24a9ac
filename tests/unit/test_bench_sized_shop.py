"""The invented shop of the benches: the same every time, and the same seen as history or as documents."""

from datetime import UTC, date, datetime, time

from bench.sized_shop import SizedShop, is_same_usage
from restock.counting.appointments import CountingRules, usage_of
from restock.history.history import CountedAppointment, History

RULES = CountingRules("Europe/London", frozenset({"completed"}), date(2010, 1, 1))


def a_shop(**changes):
    facts = {"appointments": 300, "parts": 20, "days": 90, "ending": date(2026, 3, 1), "rules": RULES.digest}
    return SizedShop(**(facts | changes))


def test_the_same_shop_is_generated_every_time():
    assert a_shop().history.to_bytes() == a_shop().history.to_bytes()


def test_its_documents_counted_are_its_history():
    shop = a_shop()
    written_at = datetime.combine(shop.ending, time(23), UTC)

    counted = [
        CountedAppointment(name, usage_of(fields, written_at, RULES).usage, written_at)
        for name, fields in shop.documents()
    ]

    assert len(counted) == shop.appointments
    assert is_same_usage(History.of(counted, shop.rules, written_at), shop.history)


def test_of_ten_changes_eight_are_completions_one_an_edit_and_one_a_withdrawal():
    shop = a_shop()

    changes = shop.changes(10, datetime(2026, 3, 2, tzinfo=UTC))

    known = set(shop.history.rows["appointment"].to_pylist())
    assert [change.is_awaiting for change in changes] == [True] * 8 + [False] * 2
    assert [change.appointment in known for change in changes] == [False] * 8 + [True] * 2
    assert [change.usage.is_empty for change in changes] == [False] * 9 + [True]


def test_all_changes_make_a_difference_to_the_history():
    shop = a_shop()

    after, applied = shop.history.applied(shop.changes(100, datetime(2026, 3, 2, tzinfo=UTC)))

    assert applied == 100
    assert not is_same_usage(after, shop.history)
