"""The deliveries the benches send are read by the real decoder."""

from datetime import UTC, datetime

from bench.events import booking, completed, delivery
from restock.gcp.events import decode

NOW = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_delivery_decodes_to_what_was_written():
    body, headers = delivery("a1", booking("2026-03-01"), completed("2026-03-01"), written_at=NOW)

    event = decode(body)

    assert event.appointment == "a1"
    assert event.after.update_time == NOW
    assert event.before.fields["status"] == "in_process"
    assert event.after.fields["spareParts"][1]["quantity"] == 2
    assert headers["ce-document"] == "appointments/a1"


def test_a_deletion_has_no_document_after():
    body, _ = delivery("a1", completed("2026-03-01"), None, written_at=NOW)

    assert decode(body).after is None
