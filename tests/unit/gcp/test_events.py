"""Events as the platform sends them: decoded, or refused with words."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restock.counting.appointments import UsedPart
from restock.counting.count import understand
from restock.errors import BadEventError
from restock.gcp.events import decode
from tests.builders import NOON, appointment, payload, rules

RECORDED = Path(__file__).parents[2] / "events"


def recorded(name: str, form: str):
    body = (RECORDED / f"{name}.bin").read_bytes()
    headers = json.loads((RECORDED / f"{name}.json").read_text())
    return decode(base64.b64decode(body) if form == "raw" else body, headers["ce-time"])


@pytest.mark.parametrize("form", ["base64", "raw"])
def test_the_recorded_life_of_an_appointment_is_understood(form):
    events = {name: recorded(name, form) for name in ("created", "completed", "edited", "deleted")}
    deliveries = {name: understand(event, rules()) for name, event in events.items()}

    assert all(event.appointment == "a1" for event in events.values())
    assert events["created"].before is None
    assert events["deleted"].after is None
    assert deliveries["created"].after.is_empty
    assert deliveries["completed"].is_completion
    assert deliveries["completed"].after.day.isoformat() == "2026-03-02"
    assert deliveries["completed"].after.parts == (
        UsedPart("coolant", "Coolant", 0.5),
        UsedPart("p1", "Oil Filter", 1.0),
        UsedPart("ölwanne ✓", "Ölwanne ✓", 2.5),
    )
    assert deliveries["edited"].after.parts == (UsedPart("p1", "Oil Filter", 1.0),)
    assert deliveries["deleted"].after.is_empty
    assert deliveries["deleted"].source_time == deliveries["edited"].source_time + timedelta(microseconds=1)
    times = [delivery.source_time for delivery in deliveries.values()]
    assert times == sorted(set(times))


@pytest.mark.parametrize("form", ["base64", "raw"])
def test_times_keep_their_microseconds(form):
    event = recorded("completed", form)

    assert event.after.fields["dateTime"] == datetime(2026, 3, 2, 23, 30, 0, 123456, tzinfo=UTC)
    assert event.after.update_time.microsecond != 0


def test_only_what_counting_reads_is_decoded():
    event = recorded("created", "raw")

    assert set(event.after.fields) == {"status", "spareParts", "service", "date", "dateTime"}


def test_the_time_of_the_event_is_read_if_it_is_one():
    data = payload(before=appointment())

    assert decode(data, "2026-03-02T12:00:00.123456Z").written_at == datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
    for strange in (None, "", "yesterday", 5, "2026-03-02T12:00:00", "0001-01-01T00:00:00Z"):
        assert decode(data, strange).written_at is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        "",
        {},
        [],
        7,
        b"not an event",
        "not an event",
        "\ud800",
        b"\x0a\xff\xff",
        b"\x0a",
        base64.b64encode(b"\x0a\xff\xff"),
        b"{}",
        payload(),
        payload(after=appointment(), path="users"),
        payload("a/notes/n", after=appointment()),
        payload("", after=appointment()),
        payload(after=appointment(), path="shops/north/orders"),
        payload(after=appointment(), path="shops//appointments"),
        payload(after=appointment(), path="shops/north/shops/south/appointments"),
        payload(after=appointment(), path="stores/north/appointments"),
        payload(after=appointment(), at=datetime(1999, 12, 31, tzinfo=UTC)),
        payload(after=appointment(), at=datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_what_is_no_event_of_an_appointment_is_refused(data):
    with pytest.raises(BadEventError):
        decode(data)


def test_the_shop_is_the_paths():
    event = decode(payload("a1", after=appointment(), path="shops/north/appointments"))

    assert (event.shop, event.appointment) == ("north", "a1")
    assert decode(payload("a1", after=appointment())).shop == ""


def test_a_document_without_its_update_time_is_refused():
    from google.events.cloud.firestore_v1.types.data import DocumentEventData

    message = DocumentEventData()
    message._pb.value.name = "projects/p/databases/d/documents/appointments/a1"

    with pytest.raises(BadEventError, match="update_time"):
        decode(message._pb.SerializeToString())


def test_a_time_outside_the_calendar_is_a_field_without_value():
    data = bytearray(payload(after=appointment(dateTime=NOON)))
    from google.events.cloud.firestore_v1.types.data import DocumentEventData

    message = DocumentEventData.pb(DocumentEventData()).__class__.FromString(bytes(data))
    message.value.fields["dateTime"].timestamp_value.seconds = 2**62

    assert decode(message.SerializeToString()).after.fields["dateTime"] is None


def test_values_nested_deeper_than_firestore_allows_are_cut_off():
    from google.events.cloud.firestore_v1.types.data import DocumentEventData

    message = DocumentEventData.pb(DocumentEventData()).__class__.FromString(payload(after=appointment()))
    value = message.value.fields["spareParts"]
    for _ in range(25):  # beyond some 30, protobuf itself refuses
        value = value.map_value.fields["deeper"]
    value.integer_value = 1

    assert decode(message.SerializeToString()).appointment == "a1"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary() | st.text() | st.binary().map(base64.b64encode))
def test_any_bytes_are_decoded_or_refused(data):
    with contextlib.suppress(BadEventError):
        decode(data)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_event_is_decoded_or_refused(data):
    whole = bytearray(payload(before=appointment(), after=appointment()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))

    try:
        event = decode(bytes(whole[:cut]))
    except BadEventError:
        return
    understand(event, rules())
