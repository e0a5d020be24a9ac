"""Counting: what a delivery costs on_appointment, and how fast it starts.

The comparison is a function of the same signature, in the same environment, that does nothing: what is left is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.events import booking, completed, delivery
from bench.harness import CONSTANT_CLOUD_EVENT, Server, stand_in
from bench.load import drive, request
from bench.metering import Meter, Spread, alternate, median
from bench.results import Row, Section, ratio_row, shown
from bench.world import Premises
from local.processes import free_port
from restock.settings import ON_APPOINTMENT

CLIENTS = 8
NEVER = {"RETRAIN_THRESHOLD": "100000"}


def section(place: Premises, functions: Path, *, quick: bool) -> Section:
    constant = stand_in(ON_APPOINTMENT, "constant-event", CONSTANT_CLOUD_EVENT)
    rounds, seconds = (3, 0.5) if quick else (9, 2.0)
    return Section(
        "Counting",
        [*cold(place, functions, constant, rounds), *warm(place, functions, constant, rounds, seconds)],
        NOTES,
    )


NOTES = (
    "Irrelevant: a rating is added to a booking still in the works. Its Firestore is a closed port: a call would fail.",
    "New completion: merged into Firestore's emulator and counted against the threshold. Duplicate: again.",
    f"{CLIENTS} clients; CPU is that of the function's processes. Each line is a median of rounds in turn.",
)


class Deliveries:
    """Requests of one kind, each appointment once."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.day = (self.now - timedelta(days=1)).date().isoformat()
        self.made = 0

    def irrelevant(self) -> bytes:
        before = booking(self.day)
        return self._request("rated", before, {**before, "rating": 4})

    def completion(self, appointment: str = "") -> bytes:
        self.made += 1
        return self._request(appointment or f"new-{self.made:06d}", booking(self.day), completed(self.day))

    def _request(self, appointment: str, before: dict[str, object], after: dict[str, object]) -> bytes:
        body, headers = delivery(appointment, before, after, written_at=self.now)
        return request("POST", "/", body, headers)


def cold(place: Premises, functions: Path, constant: Path, rounds: int) -> list[Row]:
    """From process start to the first delivery answered."""
    made = Deliveries()
    connected = {**place.environment, **NEVER}

    def start(at: Path, env: dict[str, str], make: Callable[[], bytes]) -> Callable[[], float]:
        def measure() -> float:
            with Server(ON_APPOINTMENT, at, env, wait=False) as server:
                return server.seconds_until_first_of(make())

        return measure

    found = alternate(
        rounds,
        constant=start(constant, connected, made.irrelevant),
        irrelevant=start(functions, disconnected(connected), made.irrelevant),
        counted=start(functions, connected, made.completion),
    )
    base = median(found["constant"])
    of = "a constant function"
    return [
        ratio_row("cold start to an irrelevant write answered", median(found["irrelevant"]), base, of=of, most=2.0),
        ratio_row("cold start to a new completion counted", median(found["counted"]), base, of=of),
    ]


def disconnected(env: dict[str, str]) -> dict[str, str]:
    """With a Firestore that nobody can reach."""
    return {**env, "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{free_port()}"}


Figures = dict[str, list[float]]


def warm(place: Premises, functions: Path, constant: Path, rounds: int, seconds: float) -> list[Row]:
    """Deliveries per second and CPU per delivery, of a process that has served before."""
    return warm_rows(*warm_figures(place, functions, constant, rounds, seconds))


def warm_figures(
    place: Premises, functions: Path, constant: Path, rounds: int, seconds: float
) -> tuple[Figures, Figures]:
    """Rates and costs by kind of delivery."""
    made = Deliveries()
    connected = {**place.environment, **NEVER}
    irrelevant = made.irrelevant()
    sent: list[bytes] = []

    def new_completions() -> Iterator[bytes]:
        while True:
            sent.append(made.completion())
            yield sent[-1]

    def again() -> Iterator[bytes]:
        while True:
            yield from sent

    def forever() -> Iterator[bytes]:
        while True:
            yield irrelevant

    rates: Figures = {}
    costs: Figures = {}
    with (
        Server(ON_APPOINTMENT, constant, connected) as nothing,
        Server(ON_APPOINTMENT, functions, disconnected(connected)) as alone,
        Server(ON_APPOINTMENT, functions, connected) as counting,
    ):
        for _ in range(rounds):
            for name, server, requests in (
                ("constant", nothing, forever),
                ("irrelevant", alone, forever),
                ("completion", counting, new_completions),
                ("duplicate", counting, again),
            ):
                drive(server.port, (next(source) for source in [requests()]), clients=1).expect(200)
                with Meter(server.tree) as meter:
                    answers = drive(server.port, requests(), clients=CLIENTS, seconds=seconds)
                answers.expect(200)
                rates.setdefault(name, []).append(answers.per_second)
                costs.setdefault(name, []).append(meter.cpu_seconds / len(answers.latencies))
    return rates, costs


def warm_rows(rates: Figures, costs: Figures) -> list[Row]:
    base = median(costs["constant"])
    own = median(costs["irrelevant"]) - base
    kinds = (("irrelevant", "an irrelevant write"), ("completion", "a new completion"), ("duplicate", "a duplicate"))
    rows = [
        Row(
            "CPU of an irrelevant write beyond the framework's own",
            shown(own, "s") if own > 0 else "0 ms (less than the noise)",
            f"a constant function: {shown(base, 's')}",
            "",
            "< 1 ms",
            own < 0.001,
        )
    ]
    for kind, what in kinds:
        rows.append(ratio_row(f"CPU of {what}", median(costs[kind]), base, of="a constant function"))
    for kind, what in kinds:
        spread = Spread.of(rates[kind])
        rows.append(
            ratio_row(
                f"deliveries per second, {what}",
                spread.p50,
                median(rates["constant"]),
                of="a constant function",
                unit="/s",
            )
        )
    return rows
