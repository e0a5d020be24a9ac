"""Who may call in firebase mode: a table of tokens and what each gets, through the door.

Every refusal of a status has the same body and headers; the last test prints the table (pytest -rP shows it).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import pytest

import bench.tokens
from local.loopback import LoopbackServer
from restock.errors import StoreUnavailableError, TokenRefusedError
from restock.gcp import identity
from tests.fakes import FakeSeconds
from tests.published import artifact
from tests.waiting import wait_until

PROJECT = "demo-shop"
PATH = "/forecast_restock_demand"


class Signer(bench.tokens.Signer):
    """Signs the claims that Google would make, some changed or (None) left out."""

    def token(self, key_id: str | None = None, **changed: object) -> str:
        return self.sign(claims(**changed), key_id)


def claims(**changed: object) -> dict:
    now = int(time.time())
    normal = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "auth_time": now - 60,
        "iat": now - 60,
        "exp": now + 3540,
        "sub": "anna",
        "user_id": "anna",
    }
    return {name: value for name, value in (normal | changed).items() if value is not None}


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def unsigned(**changed: object) -> str:
    return f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment(claims(**changed))}."


@pytest.fixture(scope="module")
def google() -> Signer:
    return Signer("key-1")


@pytest.fixture(scope="module")
def stranger() -> Signer:
    return Signer("key-1")


class Cloud:
    """Google's certificates and the shop's ``users`` collection, behind HTTP."""

    def __init__(self) -> None:
        self.certificates: dict[str, str] = {}
        self.cache_control = "public, max-age=3600"
        self.status = 200
        self.fetches = 0
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.users: dict[str, dict] = {}
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                found: object = None
                if path == "/certificates":
                    cloud.fetches += 1
                    cloud.goes_on.wait(10)
                    found = cloud.certificates
                elif "/documents/users/" in path:
                    found = cloud.users.get(path.rsplit("/", 1)[-1])
                status = cloud.status if found is not None else 404
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", cloud.cache_control)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = LoopbackServer(Handler).start()
        self.host = self.server.host

    def add_user(self, uid: str, role: str, is_active: bool) -> None:
        self.users[uid] = {
            "name": uid,
            "fields": {"role": {"stringValue": role}, "isActive": {"booleanValue": is_active}},
        }


@pytest.fixture
def cloud(google: Signer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    cloud = Cloud()
    cloud.certificates = {google.key_id: google.certificate}
    monkeypatch.setattr(identity, "CERTIFICATES_URL", f"http://{cloud.host}/certificates")
    yield cloud
    cloud.server.stop()


@pytest.fixture
def client(cloud: Cloud, forecast_door, shelf):
    shelf.publish(artifact({"Oil Filter": 1.0}))
    cloud.add_user("anna", "admin", True)
    cloud.add_user("fired", "user", True)
    cloud.add_user("customer", "customer", True)
    cloud.add_user("left", "admin", False)
    return forecast_door(
        FORECAST_AUTH="firebase",
        FIRESTORE_EMULATOR_HOST=cloud.host,
        K_SERVICE="forecast",
    )


def ask(client, token: str | None):
    headers = {} if token is None else {"Authorization": token if " " in token else f"Bearer {token}"}
    return client.post(PATH, json={"forecast_days": 1}, headers=headers)


def confused(google: Signer) -> str:
    """A MAC keyed with the public certificate: accepted by whoever lets the token choose its algorithm."""
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': google.key_id})}.{segment(claims())}"
    mac = hmac.new(google.certificate.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


TRIED: dict[str, tuple[int, Callable[[Signer, Signer], str | None]]] = {
    "none": (401, lambda google, stranger: None),
    "empty": (401, lambda google, stranger: "Bearer "),
    "garbage": (401, lambda google, stranger: "Bearer garbage"),
    "three segments of garbage": (401, lambda google, stranger: "a.b.c"),
    "not ASCII": (401, lambda google, stranger: "Bearer é.é.é"),
    "deeply nested": (401, lambda google, stranger: f"{base64.b64encode(b'[' * 2900).decode()}.e30.e30"),
    "another scheme": (401, lambda google, stranger: f"Basic {google.token()}"),
    "expired": (401, lambda google, stranger: google.token(iat=1, exp=int(time.time()) - 60)),
    "without an end": (401, lambda google, stranger: google.token(exp=None)),
    "with an end in words": (401, lambda google, stranger: google.token(exp="tomorrow")),
    "not yet valid": (401, lambda google, stranger: google.token(iat=int(time.time()) + 600)),
    "signed in in the future": (401, lambda google, stranger: google.token(auth_time=int(time.time()) + 600)),
    "wrong audience": (401, lambda google, stranger: google.token(aud="another-shop")),
    "a list of audiences": (401, lambda google, stranger: google.token(aud=[PROJECT])),
    "wrong issuer": (401, lambda google, stranger: google.token(iss="https://securetoken.google.com/another-shop")),
    "issuer of another service": (401, lambda google, stranger: google.token(iss="https://accounts.google.com")),
    "without a user": (401, lambda google, stranger: google.token(sub=None)),
    "with an empty user": (401, lambda google, stranger: google.token(sub="")),
    "with a user that is a number": (401, lambda google, stranger: google.token(sub=7)),
    "with a user that is too long": (401, lambda google, stranger: google.token(sub="x" * 200)),
    "wrong key": (401, lambda google, stranger: stranger.token()),
    "unknown key id": (401, lambda google, stranger: google.token(key_id="key-9")),
    "key id that is no text": (401, lambda google, stranger: f"{segment({'alg': 'RS256', 'kid': [1]})}.e30.AAAA"),
    "alg none": (401, lambda google, stranger: unsigned()),
    "alg none with a signature": (401, lambda google, stranger: unsigned() + google.token().rsplit(".", 1)[1]),
    "alg confusion (HS256 keyed with the certificate)": (401, lambda google, stranger: confused(google)),
    "alg ES256 over an RSA key": (401, lambda google, stranger: google.token().replace(
        google.token().split(".")[0], segment({"alg": "ES256", "kid": google.key_id}))),
    "emulator token in production mode": (401, lambda google, stranger: unsigned(sub="anna")),
    "tampered claims": (401, lambda google, stranger: ".".join(
        [google.token().split(".")[0], segment(claims(sub="boss")), google.token().split(".")[2]])),
    "oversized": (401, lambda google, stranger: google.token(padding="x" * 4000)),
    "revoked role": (403, lambda google, stranger: google.token(sub="fired")),
    "inactive user": (403, lambda google, stranger: google.token(sub="left")),
    "user without a document": (403, lambda google, stranger: google.token(sub="nobody")),
    "user with a path for a name": (403, lambda google, stranger: google.token(sub="../spare_parts/a")),
    "anonymous": (403, lambda google, stranger: google.token(
        sub="guest", provider_id="anonymous", firebase={"sign_in_provider": "anonymous"})),
    "a customer of the shop": (403, lambda google, stranger: google.token(
        sub="customer", email="c@example.com", email_verified=True)),
    "a customer who says admin in other words": (403, lambda google, stranger: google.token(
        sub="customer", admin="true", roles=["admin"])),
    "an admin by claim": (200, lambda google, stranger: google.token(sub="boss", admin=True)),
    "an admin by a role claim": (200, lambda google, stranger: google.token(sub="boss", role="admin")),
    "valid": (200, lambda google, stranger: google.token()),
    "valid, with 5 s of clock skew": (200, lambda google, stranger: google.token(iat=int(time.time()) + 5)),
}  # fmt: skip


@pytest.mark.parametrize("tried", TRIED)
def test_each_token_gets_what_it_deserves(client, google, stranger, tried):
    expected, make = TRIED[tried]

    answer = ask(client, make(google, stranger))

    assert answer.status_code == expected, answer.data


def test_refusals_of_a_status_are_identical_whatever_was_wrong(client, google, stranger, monkeypatch):
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099")
    seen: dict[int, set] = {}
    for tried, (expected, make) in TRIED.items():
        answer = ask(client, make(google, stranger))
        assert answer.status_code == expected
        print(f"{tried:50} {answer.status_code} {answer.json.get('message', 'the forecast')}")
        seen.setdefault(answer.status_code, set()).add((answer.data, tuple(sorted(answer.headers.items()))))

    assert len(seen[401]) == 1
    assert len(seen[403]) == 1
    assert dict(next(iter(seen[401]))[1])["WWW-Authenticate"] == "Bearer"


WIDER = {
    "a customer": (200, {"sub": "customer", "email": "c@example.com", "email_verified": True}),
    "by telephone": (200, {"sub": "caller", "phone_number": "+49301234567"}),
    "anonymous": (403, {"sub": "guest", "provider_id": "anonymous", "firebase": {"sign_in_provider": "anonymous"}}),
    "anonymous, said once": (403, {"sub": "guest", "firebase": {"sign_in_provider": "anonymous"}}),
    "an e-mail address nobody verified": (403, {"sub": "x", "email": "c@example.com", "email_verified": False}),
    "an e-mail address said to be verified in words": (403, {"sub": "x", "email": "c@x.de", "email_verified": "true"}),
    "a firebase claim of nonsense": (401, {"sub": "x", "firebase": "password"}),
}


@pytest.mark.parametrize("who", WIDER)
def test_wider_access_still_refuses_accounts_that_anybody_can_make(cloud, forecast_door, shelf, google, who):
    expected, changed = WIDER[who]
    shelf.publish(artifact({"Oil Filter": 1.0}))
    client = forecast_door(FORECAST_AUTH="firebase", FORECAST_REQUIRE_ADMIN="false", K_SERVICE="forecast")

    assert ask(client, google.token(**changed)).status_code == expected


def test_wider_access_is_said_at_the_start(forecast_door, capsys):
    forecast_door(FORECAST_AUTH="firebase")
    assert "FORECAST_REQUIRE_ADMIN" not in capsys.readouterr().out
    sys.modules.pop("main")

    forecast_door(FORECAST_AUTH="firebase", FORECAST_REQUIRE_ADMIN="false")

    assert "FORECAST_REQUIRE_ADMIN is false: every account" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/health", "/openapi.json"])
def test_open_operations_need_no_token(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/parts", "/v1/forecast", "/v1/model", "/v1/changes"])
def test_every_other_operation_needs_one(client, google, path):
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": f"Bearer {google.token()}"}).status_code == 200


def test_a_preflight_needs_no_token(client):
    assert client.options(PATH, headers={"Origin": "https://app.example"}).status_code == 204


def test_the_emulators_tokens_are_accepted_where_it_is_configured(cloud, forecast_door, shelf, monkeypatch):
    shelf.publish(artifact({"Oil Filter": 1.0}))
    monkeypatch.delenv("K_SERVICE", raising=False)
    client = forecast_door(
        FORECAST_AUTH="firebase", FIREBASE_AUTH_EMULATOR_HOST="127.0.0.1:9099", FORECAST_REQUIRE_ADMIN="false"
    )

    assert ask(client, unsigned()).status_code == 200
    assert ask(client, unsigned(aud="another-shop")).status_code == 401
    assert ask(client, unsigned(exp=int(time.time()) - 60)).status_code == 401
    assert ask(client, unsigned(exp=float("nan"))).status_code == 401
    assert cloud.fetches == 0


def test_on_google_cloud_no_variable_makes_them_acceptable(cloud, forecast_door, shelf):
    shelf.publish(artifact({"Oil Filter": 1.0}))
    client = forecast_door(FORECAST_AUTH="firebase", FIREBASE_AUTH_EMULATOR_HOST="127.0.0.1:9099", K_SERVICE="forecast")

    assert ask(client, unsigned()).status_code == 401


@pytest.fixture
def clock() -> FakeSeconds:
    return FakeSeconds(5000.0)


@pytest.fixture
def tokens(cloud: Cloud, clock: FakeSeconds, monkeypatch: pytest.MonkeyPatch) -> identity.FirebaseTokens:
    monkeypatch.delenv("FIREBASE_AUTH_EMULATOR_HOST", raising=False)
    return identity.FirebaseTokens(PROJECT, clock=clock)


def uid_of(tokens: identity.FirebaseTokens, token: str) -> str:
    return tokens.caller_of(token).uid


def test_certificates_are_kept_for_their_max_age(tokens, cloud, google, clock):
    for _ in range(5):
        assert uid_of(tokens, google.token()) == "anna"
    assert cloud.fetches == 1

    clock.now += 3601
    uid_of(tokens, google.token())
    wait_until(lambda: cloud.fetches == 2)


def test_20_callers_whose_key_is_known_wait_for_nothing_while_google_hangs(tokens, cloud, google, clock):
    token = google.token()
    uid_of(tokens, token)
    cloud.goes_on.clear()
    clock.now += 3601
    started = time.monotonic()

    with ThreadPoolExecutor(20) as pool:
        users = list(pool.map(uid_of, [tokens] * 20, [token] * 20))

    assert users == ["anna"] * 20
    assert time.monotonic() - started < 1
    wait_until(lambda: cloud.fetches == 2)
    cloud.goes_on.set()


def test_an_unknown_key_is_looked_up_at_most_once_a_minute(tokens, cloud, google, clock):
    uid_of(tokens, google.token())
    for number in range(50):
        with pytest.raises(TokenRefusedError):
            uid_of(tokens, google.token(key_id=f"invented-{number}"))
    assert cloud.fetches == 1

    clock.now += 61
    with pytest.raises(TokenRefusedError):
        uid_of(tokens, google.token(key_id="invented"))
    assert cloud.fetches == 2


def test_a_rotated_key_is_accepted_within_a_minute(tokens, cloud, google, clock):
    uid_of(tokens, google.token())
    successor = Signer("key-2")
    cloud.certificates = {"key-2": successor.certificate}

    clock.now += 61

    assert uid_of(tokens, successor.token()) == "anna"
    with pytest.raises(TokenRefusedError):
        uid_of(tokens, google.token())


def test_when_certificates_cannot_be_renewed_the_known_ones_go_on(tokens, cloud, google, clock):
    uid_of(tokens, google.token())
    cloud.status = 503

    clock.now += 3 * 3600

    assert uid_of(tokens, google.token()) == "anna"


def test_without_any_certificate_the_answer_is_503_not_401_and_the_next_second_tries_again(
    tokens, cloud, google, clock
):
    cloud.status = 503

    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            uid_of(tokens, google.token())
    assert cloud.fetches == 1

    cloud.status = 200
    clock.now += 1
    assert uid_of(tokens, google.token()) == "anna"


def test_a_caller_who_cannot_be_checked_is_told_to_come_back(client, cloud, google):
    assert ask(client, google.token()).status_code == 200
    cloud.add_user("new", "admin", True)
    cloud.status = 503

    answer = ask(client, google.token(sub="new"))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert ask(client, google.token()).status_code == 200, "known from before"


ORDER = {"id": "1f0e9b1a-52c5-4a0e-9d33-5f9a2f1f7c11", "lines": [{"part": "oil filter", "quantity": 1}]}
ORDERING = [
    ("GET", "/v1/orders", None),
    ("POST", "/v1/orders", ORDER),
    ("POST", f"/v1/orders/{ORDER['id']}", {"version": "", "status": "ordered"}),
    ("GET", "/v1/parts/oil filter", None),
    ("POST", "/v1/parts/oil filter", {"version": "", "pack": 6}),
    ("POST", "/v1/restock", {}),
]


@pytest.mark.parametrize("asked", ORDERING, ids=str)
@pytest.mark.parametrize("who", ["customer", "fired", "left", "nobody-ever"])
def test_an_ordinary_customer_can_neither_read_nor_write_orders(client, google, orders, who, asked):
    method, path, body = asked
    orders.before = lambda effect: pytest.fail(f"the database was asked: {effect}")

    headers = {"Authorization": f"Bearer {google.token(sub=who)}"}
    answer = client.open(path, method=method, json=body, headers=headers)
    unsigned_in = client.open(path, method=method, json=body)

    assert (answer.status_code, unsigned_in.status_code) == (403, 401)


@pytest.mark.parametrize(
    "row",
    [("admins", "anna", 200), ("admins", "customer", 403), ("callers", "customer", 200), ("off", "anna", 403)],
)
def test_where_everybody_may_read_orders_are_still_their_admins(cloud, google, forecast_door, shelf, row):
    setting, who, status = row
    shelf.publish(artifact({"Oil Filter": 1.0}))
    cloud.add_user("anna", "admin", True)
    client = forecast_door(
        FORECAST_AUTH="firebase", FORECAST_REQUIRE_ADMIN="false", ORDERS=setting,
        FIRESTORE_EMULATOR_HOST=cloud.host, K_SERVICE="forecast",
    )  # fmt: skip
    token = google.token(sub=who, email=f"{who}@shop.example", email_verified=True)
    headers = {"Authorization": f"Bearer {token}"}

    made = client.post("/v1/orders", json=ORDER, headers=headers)
    listed = client.get("/v1/orders", headers=headers)

    assert made.status_code == status
    assert (listed.status_code, listed.json["may_write"]) == (200, status == 200)
    assert [order["created_by"] for order in listed.json["orders"]] == [f"{who}@shop.example"] * (status == 200)
