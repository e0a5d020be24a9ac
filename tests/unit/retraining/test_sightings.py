"""What runs see in stock, kept from one to the next."""

from __future__ import annotations

from datetime import timedelta

from restock.history.stock_seen import StockSeen
from restock.stored import names
from tests.unit.retraining.shop import Shop


def stock_seen(shop: Shop) -> StockSeen:
    stored = shop.objects.read(names.stock_seen(shop.pointer().stock_seen or 0))
    assert stored
    return StockSeen.from_bytes(stored.data)


def test_every_published_run_adds_what_it_saw_in_stock_to_what_was_seen_before_at_no_extra_read():
    shop = Shop()
    shop.documents.set("spare_parts/p1", {"name": "Oil Filter", "stock": 0})
    shop.complete("a1")
    shop.retrain()
    shop.clock.advance(days=1)
    before = shop.documents.reads

    shop.retrain()

    (out,) = stock_seen(shop).documents["p1"].out
    assert out.until - out.since == timedelta(days=1)
    assert shop.fit.lessons[-1].seen == stock_seen(shop)
    assert shop.documents.reads - before <= 1 + 20  # promise 6: the catalogue and a little


def test_without_what_was_seen_before_a_run_goes_on_and_says_so():
    shop = Shop()
    shop.documents.set("spare_parts/p1", {"name": "Oil Filter", "stock": 0})
    shop.complete("a1")
    shop.retrain()
    shop.objects.damage("stock_seen/1.json")
    shop.clock.advance(days=1)

    outcome = shop.retrain()

    assert outcome.status == "published"
    assert "the stock seen so far is lost" in shop.lines.getvalue()
    assert stock_seen(shop).documents["p1"].out[0].since == shop.clock()


def test_a_pointer_of_before_names_no_stock_seen():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.pointer_of_before("stock_seen", "stock_seen_sha256")

    assert shop.pointer().stock_seen is None
    assert shop.retrain().status == "published"
    assert shop.pointer().stock_seen == 2
