"""One project as Google would keep it: resources by API and name, policies with etags, requests as they came.

Collections and resources behave as most of Google's APIs have them: 404, 409, update masks, etags that notice a lost
update, durations that must be protobuf's. What single APIs do their own way is in fake_apis.py.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

PROJECT, NUMBER = "demo-shop", "123456789012"
READING_VERBS = {"getIamPolicy", "testIamPermissions", "generateUploadUrl", "pull"}
LISTED_AS = {"serviceAccounts": "accounts"}
DURATIONS = re.compile(r"(Deadline|Backoff|RetryDuration|Duration|retention|Period|duration)$")
Body = dict[str, Any]


class Refusal(Exception):
    """An error answer."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Recorded:
    """One request, as gcloud sent it."""

    method: str
    api: str
    path: str
    query: dict[str, str]
    body: Any

    @property
    def verb(self) -> str:
        last = self.path.rsplit("/", 1)[-1]
        return last.rsplit(":", 1)[-1] if ":" in last else ""

    @property
    def is_change(self) -> bool:
        """A create, update, upload or delete; asking and looking are none."""
        return self.method not in {"GET", "CONNECT"} and self.verb not in READING_VERBS

    @property
    def is_upload(self) -> bool:
        return self.method == "PUT" and self.path.startswith("/upload-source/")

    def __str__(self) -> str:
        return f"{self.method} {self.api} {self.path}"


@dataclass
class Project:
    """One project. ``resources`` holds what was made, by API and name; ``requests`` everything that was asked."""

    resources: dict[str, Body] = field(default_factory=dict)
    policies: dict[str, Body] = field(default_factory=dict)
    uploads: dict[str, list[str]] = field(default_factory=dict)
    requests: list[Recorded] = field(default_factory=list)
    enabled: set[str] = field(default_factory=set)
    forbids_all_users: bool = False
    fail_change: int | None = None  # from this change on, counted from 1, every change is refused
    fail_words: str = "The fake was told to refuse this."
    fail_builds: bool = False
    refuse_once: dict[str, tuple[int, str, str]] = field(default_factory=dict)  # by a part of the request's text
    build_errors: list[str] = field(default_factory=list)  # one for each next build
    deleted_buckets: list[Body] = field(default_factory=list)
    revisions: dict[str, list[Body]] = field(default_factory=dict)  # of Cloud Run services
    built: dict[str, Body] = field(default_factory=dict)  # by the build's id
    billing: bool = True
    permissions: Callable[[list[str]], list[str]] = list
    port: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ids: int = 0

    # What tests look at.

    def named(self, api: str, ending: str) -> Body:
        return next(
            body for name, body in self.resources.items() if name.startswith(f"{api} ") and name.endswith(ending)
        )

    def policy(self, ending: str) -> dict[str, set[str]]:
        """Members by role of the policy whose resource ends so."""
        found = next((body for name, body in self.policies.items() if name.endswith(ending)), {"bindings": []})
        members: dict[str, set[str]] = {}
        for binding in found["bindings"]:
            members.setdefault(binding["role"], set()).update(binding["members"])
        return members

    @property
    def changes(self) -> list[Recorded]:
        return [request for request in self.requests if request.is_change]

    @property
    def refusable(self) -> list[Recorded]:
        """Changes without uploads: those gcloud itself tries again until they are through."""
        return [request for request in self.changes if not request.is_upload]

    def state(self) -> str:
        """Everything made, without what Google makes up: for comparing two ways to the same end."""
        volatile = {
            *("etag", "createTime", "updateTime", "uid", "buildId", "storageSource", "revision", "metageneration"),
            *("scheduleTime", "latestReadyRevisionName", "client.knative.dev/nonce"),
        }

        def settled(value: Any) -> Any:
            if isinstance(value, dict):
                if "notificationChannels" in value:  # the label's digest is of the channel's id, which Google makes up
                    value = {**value, "userLabels": sorted(value.get("userLabels", {}))}
                return {key: settled(one) for key, one in sorted(value.items()) if key not in volatile}
            if isinstance(value, list):
                return sorted((settled(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
            if isinstance(value, str):  # ids that Google makes up, and the hour in a task's name
                return re.sub(r"(alertPolicies|notificationChannels|dashboards|budgets)/\w+|-\d{10}$", r"\1/ID", value)
            return value

        made = sorted(json.dumps([settled(name), settled(body)]) for name, body in self.resources.items())
        allowed = sorted(
            json.dumps([name, settled(body.get("bindings"))])
            for name, body in self.policies.items()
            if body.get("bindings")
        )
        return "\n".join([*made, *allowed, *sorted(self.enabled)])

    def save(self) -> Any:
        return copy.deepcopy((self.resources, self.policies, self.uploads, self.enabled, self._ids, self.revisions))

    def restore(self, saved: Any) -> None:
        (self.resources, self.policies, self.uploads, self.enabled, self._ids, self.revisions) = copy.deepcopy(saved)
        self.requests, self.fail_change, self.deleted_buckets = [], None, []

    # Serving.

    def answer(self, request: Recorded) -> Body:
        with self._lock:
            self.record(request)
            check_durations(request.body)
            return self._route(request)

    def record(self, request: Recorded) -> None:
        self.requests.append(request)
        if request.is_change and not request.is_upload and len(self.refusable) >= (self.fail_change or 1e9):
            raise Refusal(403, "PERMISSION_DENIED", self.fail_words)

        for asked, (code, status, words) in self.refuse_once.items():
            if asked in str(request):
                del self.refuse_once[asked]
                raise Refusal(code, status, words)

    def _route(self, request: Recorded) -> Body:
        if request.verb.endswith("IamPolicy") or request.path.endswith("/iam"):
            return self._policy_of(request)
        special = getattr(self, f"_{request.api}", None)
        answer: Body | None = special(request) if special else None
        return self._generic(request) if answer is None else answer

    # Every API alike.

    def _generic(self, request: Recorded) -> Body:
        """Collections and resources as most of Google's APIs have them."""
        name, api = resource_name(request.path), request.api
        is_collection = len(name.split("/")) % 2 == 1
        if request.method == "POST":
            body = request.body.get(name.rsplit("/", 1)[-1].rstrip("s"), request.body)
            return self._create(api, self._name_for(request, name, body), body)
        if request.method == "GET":
            return self._list(api, name) if is_collection else self._get(api, name)
        if request.method == "PATCH":
            return self._patch(api, name, request)
        if request.method == "PUT":
            self._get(api, name)
            self.resources[f"{api} {name}"] = {**request.body, "name": request.body.get("name", name)}
            return self.resources[f"{api} {name}"]
        self._get(api, name)
        key = f"{api} {name}"
        self.resources = {
            one: body for one, body in self.resources.items() if one != key and not one.startswith(f"{key}/")
        }
        self.policies.pop(key, None)
        return {}

    def _name_for(self, request: Recorded, collection: str, body: Body) -> str:
        given = next((value for key, value in request.query.items() if key.endswith("Id")), "") or body.get("name", "")
        if not given:
            self._ids += 1
            given = f"{self._ids:04d}"
        return given if "/" in given else f"{collection}/{given}"

    def _create(self, api: str, name: str, body: Body) -> Body:
        if f"{api} {name}" in self.resources:
            raise Refusal(409, "ALREADY_EXISTS", f"Requested entity already exists: {name}")
        self.resources[f"{api} {name}"] = {**body, "name": name, "createTime": "2026-01-01T00:00:00.000000Z"}
        return self.resources[f"{api} {name}"]

    def _get(self, api: str, name: str) -> Body:
        if f"{api} {name}" not in self.resources:
            raise Refusal(404, "NOT_FOUND", f"Requested entity was not found: {name}")
        return self.resources[f"{api} {name}"]

    def _list(self, api: str, collection: str) -> Body:
        pattern = re.compile(f"{api} " + re.escape(collection).replace(r"\-", "[^/]*") + "/[^/]+$")
        kind = collection.rsplit("/", 1)[-1]
        found = [body for name, body in sorted(self.resources.items()) if pattern.match(name)]
        return {LISTED_AS.get(kind, kind): found}

    def _patch(self, api: str, name: str, request: Recorded) -> Body:
        body = self._get(api, name)
        mask = [camel(path) for path in request.query.get("updateMask", "").split(",") if path]
        for path in mask or list(request.body):
            *above, last = path.split(".")
            source, target = request.body, body
            for step in above:
                source, target = source.get(step, {}), target.setdefault(step, {})
            if last in source:
                target[last] = source[last]
            else:
                target.pop(last, None)
        return body

    def _policy_of(self, request: Recorded) -> Body:
        place = (
            request.path.removesuffix("/iam").rsplit(":", 1)[0]
            if ":" in request.path
            else request.path.removesuffix("/iam")
        )
        key = f"{request.api} {resource_name(place)}".replace("projects/-/", f"projects/{PROJECT}/")
        policy = self.policies.setdefault(key, {"bindings": [], "etag": etag_of([])})
        sent = request.body.get("policy", request.body) if request.body else {}
        if request.method == "GET" or request.verb == "getIamPolicy":
            return policy
        if sent.get("etag") not in (None, policy["etag"]):
            raise Refusal(409, "ABORTED", "There were concurrent policy changes. Please retry.")
        members = {member for binding in sent.get("bindings", []) for member in binding["members"]}
        if self.forbids_all_users and members & {"allUsers", "allAuthenticatedUsers"}:
            raise Refusal(
                400,
                "FAILED_PRECONDITION",
                "One or more users named in the policy do not belong to a permitted customer.",
            )
        self._check_members(members)
        bindings = [binding for binding in sent.get("bindings", []) if binding["members"]]
        self.policies[key] = {**sent, "bindings": bindings, "etag": etag_of(bindings)}
        return self.policies[key]

    def _check_members(self, members: set[str]) -> None:
        for member in members:
            address = member.removeprefix("serviceAccount:")
            ours = address.endswith(f"@{PROJECT}.iam.gserviceaccount.com") and member.startswith("serviceAccount:")
            if ours and f"iam projects/{PROJECT}/serviceAccounts/{address}" not in self.resources:
                raise Refusal(400, "INVALID_ARGUMENT", f"Service account {address} does not exist.")


def resource_name(path: str) -> str:
    """The resource's name in a request's path: without the API's version, the project by its id."""
    name = re.sub(r"^/(v\d+(alpha|beta)?\d*|storage/v1)/", "", path).removeprefix("/")
    return unquote(name).replace(f"projects/{NUMBER}/", f"projects/{PROJECT}/")


def camel(path: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), path)


def etag_of(bindings: Any) -> str:
    digest = hashlib.sha256(json.dumps(bindings, sort_keys=True).encode()).hexdigest()[:12]
    return base64.b64encode(digest.encode()).decode()  # of hexadecimal: the same in both alphabets of base64


def check_durations(value: Any, key: str = "") -> None:
    """What Google's JSON parser refuses and gcloud passes on as typed: 1h instead of 3600s."""
    if isinstance(value, dict):
        for name, one in value.items():
            check_durations(one, name)
    elif isinstance(value, str) and DURATIONS.search(key) and not re.fullmatch(r"\d+(\.\d+)?s", value):
        raise Refusal(
            400,
            "INVALID_ARGUMENT",
            f"Invalid value at '{key}' (type.googleapis.com/google.protobuf.Duration), \"{value}\"",
        )
