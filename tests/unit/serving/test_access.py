"""Roles are remembered for a stated time, and while Firestore is down for longer."""

from __future__ import annotations

import pytest

from restock.errors import StoreUnavailableError
from restock.serving.access import ADMIN_CACHE_SECONDS, MOST_USERS_KEPT, Admins
from tests.fakes import FakeSeconds


class Users:
    """The ``users`` collection."""

    def __init__(self, **users: dict) -> None:
        self.users = users
        self.reads = 0
        self.is_down = False

    def document(self, path: tuple[str, ...], fields: tuple[str, ...]) -> dict | None:
        assert path[0] == "users"
        assert fields == ("role", "isActive")
        self.reads += 1
        if self.is_down:
            raise StoreUnavailableError("down")
        return self.users.get(path[1])


def test_a_role_is_read_once_per_stated_time():
    users, clock = Users(anna={"role": "admin", "isActive": True}), FakeSeconds(0.0)
    admins = Admins(users, clock)

    assert all(admins.include("anna") for _ in range(10))
    assert users.reads == 1

    users.users["anna"] = {"role": "user", "isActive": True}
    clock.now += ADMIN_CACHE_SECONDS
    assert not admins.include("anna")


NO_ADMINS = [
    None, {}, {"role": "admin"}, {"isActive": True}, {"role": "admin", "isActive": "true"},
    {"role": "admin", "isActive": 1}, {"role": "Admin", "isActive": True}, {"role": None, "isActive": True},
]  # fmt: skip


@pytest.mark.parametrize("document", NO_ADMINS)
def test_only_an_active_admin_is_one(document):
    assert not Admins(Users(anna=document)).include("anna")


def test_while_firestore_is_down_what_was_known_holds():
    users, clock = Users(anna={"role": "admin", "isActive": True}, bob={"role": "user"}), FakeSeconds(0.0)
    admins = Admins(users, clock)
    assert (admins.include("anna"), admins.include("bob")) == (True, False)
    users.is_down = True
    clock.now += 3600

    assert (admins.include("anna"), admins.include("bob")) == (True, False)
    assert (admins.include("anna"), admins.include("bob")) == (True, False)
    assert users.reads == 4  # and not asked again at once, for each try may take long
    with pytest.raises(StoreUnavailableError):
        admins.include("carl")


def test_many_users_are_not_remembered_forever():
    admins = Admins(Users())

    for number in range(MOST_USERS_KEPT + 50):
        admins.include(f"user-{number}")

    assert len(admins._known) == MOST_USERS_KEPT
