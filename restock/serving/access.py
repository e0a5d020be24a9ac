"""Who may call. In iam mode the platform has checked before this code runs, and public mode checks nobody.

Every refusal of a kind has the same body and headers, so that an answer tells a stranger nothing about tokens or users.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from restock.errors import StoreUnavailableError, TokenRefusedError
from restock.logs import Log
from restock.serving.http import HttpError
from restock.serving.kept import Kept, Patience, Reading

ADMIN_CACHE_SECONDS = 60.0
"""A role taken away works on for at most this long, while Firestore answers."""
MOST_USERS_KEPT = 1000
ADMIN, CHAIN_ADMIN = "admin", "chain_admin"
PATIENCE = Patience(seconds=1.0)
"""Who comes back after a while waits for the role as it is now; if Firestore hangs, for so long."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a valid token stands for."""

    uid: str
    has_admin_claim: bool = False
    is_anonymous: bool = False
    is_unverified: bool = False
    email: str = ""
    has_chain_claim: bool = False
    """Of a chain: who runs all of it."""
    shop: str = ""
    """The shop of a chain that the token claims."""


class Tokens(Protocol):
    def caller_of(self, token: str) -> Caller: ...


class UserDocuments(Protocol):
    def document(self, path: tuple[str, ...], fields: tuple[str, ...]) -> Mapping[str, Any] | None: ...


class Access(Protocol):
    def check(self, authorization: str) -> Caller:
        """Who calls. Raise HttpError 401, 403 or 503 unless the caller may go on."""

    def is_admin(self, caller: Caller) -> bool:
        """Whether a caller who may go on is one who runs the shop."""

    def name_of(self, caller: Caller, authorization: str) -> str:
        """As whom what this caller writes is signed."""


class Everyone:
    """Public mode: nobody is known, and nobody runs the shop."""

    def check(self, authorization: str) -> Caller:
        """Nothing is left to check here."""
        return Caller("anyone")

    def is_admin(self, caller: Caller) -> bool:
        return False

    def name_of(self, caller: Caller, authorization: str) -> str:
        return caller.uid


class NamedCallers:
    """Iam mode: the platform has checked the token and lets in only those whom the deployer named, one by one.

    ``email_in`` reads whom a token is of. The platform took the signature off: nothing is left to verify.
    """

    def __init__(self, email_in: Callable[[str], str]) -> None:
        self._email_in = email_in

    def check(self, authorization: str) -> Caller:
        return Caller("a caller the platform let in")

    def is_admin(self, caller: Caller) -> bool:
        return True

    def name_of(self, caller: Caller, authorization: str) -> str:
        return self._email_in(authorization.partition(" ")[2].strip()) or caller.uid


class FirebaseUsers:
    """Accounts of the shop's Firebase project: its active admins, or, if not ``only_admins``, whoever is known by name.

    The shop's customers have accounts of the same project, and anybody can make one: an account alone proves nothing.
    """

    def __init__(self, tokens: Tokens, admins: Admins, log: Log, *, only_admins: bool) -> None:
        self._tokens = tokens
        self._admins = admins
        self._log = log
        self._only_admins = only_admins

    def is_admin(self, caller: Caller) -> bool:
        try:
            return self._admins.admit(caller)
        except StoreUnavailableError as exc:
            raise self._unchecked(exc) from exc

    def name_of(self, caller: Caller, authorization: str) -> str:
        return caller.email or caller.uid

    def check(self, authorization: str) -> Caller:
        """Raise HttpError unless the header's token is of somebody who may call."""
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise TokenRefusedError("there is none")
            caller = self._tokens.caller_of(token.strip())
        except TokenRefusedError as exc:
            self._log.info("a token was refused", reason=str(exc))
            raise HttpError(401, "Please sign in: a valid token is needed", headers=(_CHALLENGE,)) from exc
        except StoreUnavailableError as exc:
            raise self._unchecked(exc) from exc
        if not (self.is_admin(caller) if self._only_admins else self._is_known(caller)):
            raise HttpError(403, "This account may not see forecasts")
        return caller

    def _is_known(self, caller: Caller) -> bool:
        return not (caller.is_anonymous or caller.is_unverified)

    def _unchecked(self, why: Exception) -> HttpError:
        self._log.error("a caller could not be checked", reason=str(why))
        return HttpError(503, "Callers cannot be checked at the moment", headers=(("Retry-After", "5"),))


@dataclass(frozen=True, slots=True)
class User:
    """What the app says of a user in ``users/{uid}``; only of an active one does it say anything."""

    role: str = ""
    shop: str = ""


class Admins:
    """Users whose document says ``role: "admin"`` (in a chain also ``chain_admin``) and ``isActive: true``."""

    def __init__(
        self, documents: UserDocuments, clock: Callable[[], float] = time.monotonic, *, of_chain: bool = False
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._of_chain = of_chain
        self._known: OrderedDict[str, Kept[User]] = OrderedDict()
        self._lock = threading.Lock()

    def include(self, uid: str) -> bool:
        """Whether this user is one."""
        return self.find(uid).role in ((ADMIN, CHAIN_ADMIN) if self._of_chain else (ADMIN,))

    def admit(self, caller: Caller) -> bool:
        """By a claim of the token, or as a user."""
        has_claim = caller.has_admin_claim or (self._of_chain and caller.has_chain_claim)
        return has_claim or self.include(caller.uid)

    def find(self, uid: str) -> User:
        """The user as last known; when Firestore fails, what was known of a user known before (promise 5)."""
        with self._lock:
            kept = self._known.setdefault(uid, Kept(partial(self._read, uid), patience=PATIENCE, clock=self._clock))
            self._known.move_to_end(uid)
            if len(self._known) > MOST_USERS_KEPT:
                self._known.popitem(last=False)
        return kept.get()

    def _read(self, uid: str) -> Reading[User]:
        fields = ("role", "isActive", "shopId") if self._of_chain else ("role", "isActive")
        user = self._documents.document(("users", uid), fields) or {}
        said = [user.get(name) if user.get("isActive") is True else None for name in ("role", "shopId")]
        return Reading(User(*(word if isinstance(word, str) else "" for word in said)), ADMIN_CACHE_SECONDS)


_CHALLENGE = ("WWW-Authenticate", "Bearer")
