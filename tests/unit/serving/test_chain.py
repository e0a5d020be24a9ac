"""Who sees which shop: a member its own, who runs the chain all, and nobody another's, whatever is tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import jsonschema_rs
import pytest

from restock.errors import SettingsError, StoreUnavailableError, TokenRefusedError
from restock.logs import Log
from restock.serving import operations
from restock.serving.access import Admins, Caller, FirebaseUsers
from restock.serving.api import Api
from restock.serving.assets import Page
from restock.serving.chain import AllShops, ChainApi, FirebaseMembers, Members, Served, shop_in
from restock.serving.http import Answer, Request
from restock.serving.live_model import LiveModel
from restock.serving.overview import Line
from restock.serving.transfers import Source, Transfer
from restock.stored import names
from restock.stored.balance import Short
from restock.stored.shop import Shop
from restock.stored.summary import summary_of
from tests.builders import a_settings
from tests.published import PublishedShelf, artifact
from tests.unit.serving.test_overview import NIGHT, a_standing, a_summary
from tests.waiting import wait_until

SETTINGS = a_settings(is_chain=True, reload_seconds=0.1, stale_seconds=0.1, reload_wait_ms=5000)
USERS: dict[str, dict[str, Any]] = {
    "nora": {"role": "admin", "isActive": True, "shopId": "north"},
    "sam": {"role": "admin", "isActive": True, "shopId": "south"},
    "lost": {"role": "admin", "isActive": True},
    "nowhere": {"role": "admin", "isActive": True, "shopId": "atlantis"},
    "gone": {"role": "admin", "isActive": False, "shopId": "north"},
    "customer": {"role": "user", "isActive": True, "shopId": "north"},
    "chief": {"role": "chain_admin", "isActive": True},
    "retired": {"role": "chain_admin", "isActive": False},
}
CLAIMS = {
    "claimed": Caller("claimed", has_admin_claim=True, shop="south"),
    "claimed-chief": Caller("claimed-chief", has_chain_claim=True),
    "nora-claiming": Caller("nora", has_admin_claim=True, shop="south"),
}


LISTED = Line("", "", summary_of(a_summary(standing=a_standing()))).told()
TRANSFER = Transfer(
    "north", Short(part="oil", name="Oil", missing=3, chance=0.7), (Source("south", "o", 2.0),), 3.0, 1.0, NIGHT
)


class Tokens:
    """A token is its user's name."""

    def caller_of(self, token: str) -> Caller:
        if not token:
            raise TokenRefusedError("it is empty")
        return CLAIMS.get(token, Caller(token))


class Users:
    is_down = False

    def document(self, path: tuple[str, ...], fields: tuple[str, ...]) -> dict[str, Any] | None:
        if self.is_down:
            raise StoreUnavailableError("down")
        return USERS.get(path[1])


class Chain:
    def __init__(self, *, memory_bytes: int = 2**30, is_public: bool = False) -> None:
        self.lines = StringIO()
        self.log = Log("forecast", stream=self.lines)
        self.users = Users()
        self.shelves = {shop: PublishedShelf() for shop in ("north", "south", "west")}
        self.registered: dict[str, dict[str, Any]] = {
            "north": {"time_zone": "Europe/London"},
            "south": {"time_zone": "Pacific/Auckland"},
            "west": {"time_zone": "Europe/London"},
        }
        for number, (shop, shelf) in enumerate(self.shelves.items()):
            shelf.publish(artifact({f"Part of {shop}": 1.0 + number}))  # under the same generations
        admins = Admins(self.users, of_chain=True)
        self.access = FirebaseUsers(Tokens(), admins, self.log, only_admins=True)
        members: Members = AllShops() if is_public else FirebaseMembers(admins)
        self.made: list[str] = []
        self.api = ChainApi(
            SETTINGS,
            access=self.access,
            members=members,
            registration=self.registration,
            served=self.serve,
            overview=lambda: [LISTED | {"shop": shop} for shop in self.registered],
            transfers=lambda: {"shops_known": 3, "count": 1, "transfers": [TRANSFER.told({"north": "North Street"})]},
            page=Page("public"),
            log=self.log,
            memory_bytes=memory_bytes,
        )

    def registration(self, id: str) -> Shop | None:
        found = self.registered.get(id)
        return None if found is None else Shop.from_fields(id, found, SETTINGS)

    def serve(self, shop: Shop, live: LiveModel | None) -> Served:
        self.made.append(shop.id)
        live = live or LiveModel(
            self.shelves[shop.id],
            reload_seconds=0.1,
            stale_seconds=0.1,
            wait_seconds=5,
            log=self.log,
            looks_unasked=False,
        )
        nothing: Any = lambda: None  # noqa: E731  # what is not asked for here
        api = Api(
            live, shop.settings, access=self.access, stock=nothing, bookings=nothing, previous=nothing,
            training=nothing, orders=nothing, page=Page("public"), log=self.log, shop=shop.id,
        )  # fmt: skip
        return Served(shop, api, live)

    def get(self, path: str, user: str = "", method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        given = {"Authorization": f"Bearer {user}"} if user else {}
        found = given | {name.replace("_", "-"): value for name, value in headers.items()}
        path, _, query = path.partition("?")
        return self.api.answer(Request(method, path, query, found.get, lambda most: body[:most], len(body)))


def told(answer: Answer) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(b"".join(answer.body))
    return content


def parts(answer: Answer) -> list[str]:
    return told(answer)["parts"]


@pytest.fixture
def chain() -> Iterator[Chain]:
    made = Chain()
    yield made
    made.api.stop()


@pytest.mark.parametrize(
    ("user", "path", "shop"),
    [
        ("nora", "/parts", "north"),
        ("nora", "/shops/north/parts", "north"),
        ("nora", "/project/region/forecast/shops/north/parts/", "north"),
        ("sam", "/parts", "south"),
        ("claimed", "/parts", "south"),
        ("nora-claiming", "/parts", "north"),  # the document says otherwise than the claim: it is what counts
        ("chief", "/shops/west/parts", "west"),
        ("claimed-chief", "/shops/south/parts", "south"),
    ],
)
def test_a_caller_sees_its_own_shop_and_who_runs_the_chain_every_shop(chain, user, path, shop):
    answer = chain.get(path, user)

    assert answer.status == 200
    assert parts(answer) == [f"Part of {shop}"]
    assert ("Vary", "Authorization") in answer.headers


ADDRESSES = [
    "/shops/south/parts", "/shops/south/v1/forecast", "/shops/south/v1/restock", "/shops/south/v1/model",
    "/shops/south/v1/changes", "/shops/south/v1/orders", "/shops/south/v1/parts/oil", "/shops/south/health",
    "/shops/south/forecast_restock_demand", "/shops/south/nothing", "/project/region/forecast/shops/south/parts",
    "//shops//south//parts", "/shops/south/parts/", "/shops/south/../south/parts", "/shops/north/../south/parts",
    "/shops/./south/parts", "/shops/north/shops/south/parts", "/shops/south/shops/north/parts", "/Shops/south/parts",
    "/SHOPS/south/parts", "/shops /south/parts", "/shops/South/parts", "/shops/south /parts", "/shops/south%2f/parts",
    "/shops/%73outh/parts", "/shops/south%00/parts", "/shops/south\x00/parts", "/shops/south;north/parts",
    "/shops/north,south/parts", "/shops/*/parts", "/shops/so\u0075th\u200b/parts", "/shops/\uff53outh/parts",
    "/shops/south\\/parts", "/shops/north\\..\\south/parts", "/shops/__south__/parts", "/shops/atlantis/parts",
    "/shops/" + "a" * 65 + "/parts", "/shops/restock_shops/parts", "/shops/../restock_shops/parts", "/v1/shops",
    "/v1/transfers", "/project/region/forecast/v1/transfers/", "//v1//transfers", "/shops/south/v1/transfers",
    "/shops/atlantis/v1/transfers", "/shops/south/v1/shops", "/shops/../v1/transfers", "/Shops/south/v1/transfers",
]  # fmt: skip


def test_forty_ways_to_another_shop_are_all_refused_alike(chain):
    assert len(ADDRESSES) >= 40
    seen = {chain.get("/shops/atlantis/parts", "nora")}

    for path in ADDRESSES:
        seen.add(chain.get(path, "nora"))

    assert len(seen) == 1
    (refusal,) = seen
    assert (refusal.status, told(refusal)) == (
        403,
        {"status": "error", "message": "This account may not see forecasts"},
    )
    assert chain.made == []


@pytest.mark.parametrize("user", ["lost", "nowhere", "gone", "customer", "retired", "nobody"])
@pytest.mark.parametrize(
    "path", ["/parts", "/shops/north/parts", "/shops/atlantis/parts", "/v1/shops", "/v1/transfers"]
)
def test_absence_admits_to_nothing(chain, user, path):
    assert chain.get(path, user).status == 403
    assert chain.made == []


def test_without_a_token_nothing_is_said_of_any_shop(chain):
    paths = ("/parts", "/shops/north/parts", "/shops/atlantis/parts", "/v1/shops", "/v1/transfers")
    answers = {chain.get(path) for path in paths}

    assert {answer.status for answer in answers} == {401}
    assert len(answers) == 1


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE"])
def test_other_methods_open_no_other_shop(chain, method):
    assert chain.get("/shops/south/v1/orders", "nora", method, b"{}").status == 403
    assert chain.get("/shops/south/parts", "nora", method).status == 403


def test_a_tag_of_another_shop_is_no_tag_of_ones_own(chain):
    theirs = dict(chain.get("/shops/south/v1/forecast?from=2026-05-04", "sam").headers)["ETag"]
    again = chain.get("/shops/south/v1/forecast?from=2026-05-04", "sam", If_None_Match=theirs)
    ours = chain.get("/v1/forecast?from=2026-05-04", "nora", If_None_Match=theirs)
    stolen = chain.get("/shops/south/v1/forecast?from=2026-05-04", "nora", If_None_Match=theirs)

    assert again.status == 304
    assert (ours.status, dict(ours.headers)["ETag"] == theirs) == (200, False)
    assert stolen.status == 403


def test_each_shop_has_its_own_today(chain):
    first = [told(chain.get(f"/shops/{shop}/v1/forecast?days=1", "chief"))["from"] for shop in ("north", "south")]

    assert first[0] <= first[1]  # in Auckland it is later


def test_who_moves_to_another_shop_sees_that_one_and_no_longer_the_first(chain, monkeypatch):
    assert parts(chain.get("/parts", "sam")) == ["Part of south"]
    fresh = Chain()  # a minute later, as far as roles go
    monkeypatch.setitem(USERS, "sam", USERS["sam"] | {"shopId": "west"})

    assert parts(fresh.get("/parts", "sam")) == ["Part of west"]
    assert fresh.get("/shops/south/parts", "sam").status == 403
    fresh.api.stop()


def test_who_runs_the_chain_without_a_shop_is_told_to_name_one_and_has_them_listed(chain):
    answer = chain.get("/parts", "chief")

    assert answer.status == 400
    assert "v1/shops lists them" in told(answer)["message"]
    assert [shop["shop"] for shop in told(chain.get("/v1/shops", "chief"))["shops"]] == ["north", "south", "west"]


@pytest.mark.parametrize("operation", operations.CHAIN, ids=lambda one: one.id)
def test_what_is_asked_of_all_shops_is_described_and_answered_so(chain, operation):
    description = told(chain.get("/openapi.json"))
    described = description["paths"][f"/{operation.path}"]["get"]["responses"]["200"]["content"]["application/json"]
    answer = told(chain.get(f"/any/forecast/{operation.path}", "chief"))

    jsonschema_rs.validate(described["schema"] | {"components": description["components"]}, answer)
    assert answer["shops" if operation is operations.SHOPS else "transfers"]
    assert f"/{operation.path}" in told(chain.get("/openapi-3.0.json"))["paths"]
    assert f"/{operation.path}" not in told(chain.get("/shops/south/openapi.json"))["paths"]
    assert chain.get(f"/{operation.path}?shop=north", "chief").status == 400  # there is no such parameter


def test_every_word_of_a_chains_description_has_its_meaning_and_an_example(chain):
    schemas = told(chain.get("/openapi.json"))["components"]["schemas"]
    records = ("ShopList", "ShopAtAGlance", "Standing", "TransferList", "Transfer", "TransferSource")
    fields = [(name, field, its) for name in records for field, its in schemas[name]["properties"].items()]

    assert [(name, field) for name, field, its in fields if not its.get("description")] == []
    assert [
        (name, field) for name, field, its in fields if "$ref" not in json.dumps(its) and "examples" not in its
    ] == []


def test_a_shop_nobody_registered_is_refused_to_who_runs_the_chain_too_and_is_there_as_soon_as_it_is(chain):
    chain.shelves["east"] = chain.shelves["west"]
    assert chain.get("/shops/east/parts", "chief").status == 403

    chain.registered["east"] = {"time_zone": "Europe/London"}

    assert chain.get("/shops/east/parts", "chief").status == 200


def test_a_shop_with_wrong_settings_is_away_alone_and_says_so_in_the_log(chain):
    chain.registered["south"] = {"time_zone": "Mars/Olympus"}

    assert chain.get("/shops/south/parts", "chief").status == 503
    assert chain.get("/shops/north/parts", "chief").status == 200
    with pytest.raises(SettingsError):
        chain.registration("south")
    assert "shop south stands still: time_zone='Mars/Olympus'" in chain.lines.getvalue()


def test_when_users_cannot_be_read_nobody_new_is_let_in(chain):
    chain.users.is_down = True

    assert chain.get("/parts", "nora").status == 503


def test_what_is_open_tells_nothing_of_any_shop(chain):
    for path in ("/health", "/openapi.json", "/", "/page/app.js", "/shops/south/openapi.json", "/shops/south/"):
        assert chain.get(path).status == 200
    assert chain.get("/health", method="OPTIONS").status == 204
    assert chain.made == []


def test_models_of_many_shops_are_kept_within_the_memory_the_least_recently_used_out_first():
    chain = Chain(memory_bytes=1)
    for shop in ("north", "south", "north"):
        assert chain.get(f"/shops/{shop}/parts", "chief").status == 200

    assert chain.made == ["north", "south", "north"]
    assert list(chain.api._served) == ["north"]
    chain.api.stop()


def test_a_pointer_is_looked_at_only_for_a_shop_that_is_asked(chain):
    chain.get("/shops/north/parts", "chief")
    chain.get("/shops/south/parts", "chief")
    looked = chain.shelves["south"].reads.count(names.POINTER)
    north = chain.shelves["north"]
    north.publish(artifact({"Newer": 1.0}, version=2))

    wait_until(lambda: parts(chain.get("/shops/north/parts", "chief")) == ["Newer"])

    assert chain.shelves["south"].reads.count(names.POINTER) == looked
    assert chain.shelves["west"].reads == []


def test_where_nobody_is_known_every_shop_is_named_in_the_address():
    chain = Chain(is_public=True)

    assert parts(chain.get("/shops/south/parts", "nora")) == ["Part of south"]
    chain.api.stop()


@pytest.mark.parametrize("path", ["/v1/shops", "/shops", "/v1/restock"])
def test_an_address_without_a_shop_names_none(path):
    assert shop_in(path)[0] is None
