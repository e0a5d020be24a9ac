"""Google's APIs, as far as a deploy speaks to them: a recording HTTP proxy that answers everything itself.

The real gcloud is pointed at it (:func:`environment`), thinks it talks to Google, and cannot leave the machine: what
is no plain request to a known host is refused and recorded. Resources are kept as they were sent, so a test asserts on
what Google would have been asked to make. The fake completes what gcloud waits for (operations, a function's service,
trigger and subscription), answers 404, 409 and etag conflicts as Google does, refuses durations that are no protobuf
durations, and can be told to refuse the n-th change and all after it. It does not know Google's rules for values, roles
or quotas.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PROJECT, NUMBER = "demo-shop", "123456789012"
APIS = (
    "artifactregistry", "cloudbilling", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler",
    "cloudtasks", "eventarc", "firestore", "iam", "logging", "monitoring", "pubsub", "run", "serviceusage", "storage",
)  # fmt: skip
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
class FakeGoogle:
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
            "scheduleTime",
        }

        def settled(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: settled(one) for key, one in sorted(value.items()) if key not in volatile}
            if isinstance(value, list):
                return sorted((settled(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
            if isinstance(value, str):  # ids that Google makes up, and the hour in a task's name
                return re.sub(r"(alertPolicies|notificationChannels|dashboards)/\w+|-\d{10}$", r"\1/ID", value)
            return value

        made = sorted(json.dumps([settled(name), settled(body)]) for name, body in self.resources.items())
        allowed = sorted(
            json.dumps([name, settled(body.get("bindings"))])
            for name, body in self.policies.items()
            if body.get("bindings")
        )
        return "\n".join([*made, *allowed, *sorted(self.enabled)])

    def save(self) -> Any:
        return copy.deepcopy((self.resources, self.policies, self.enabled, self._ids))

    def restore(self, saved: Any) -> None:
        self.resources, self.policies, self.enabled, self._ids = copy.deepcopy(saved)
        self.requests, self.fail_change = [], None

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

    # Where an API has ways of its own.

    def _cloudresourcemanager(self, request: Recorded) -> Body | None:
        if request.verb == "testIamPermissions":
            return {"permissions": self.permissions(request.body["permissions"])}
        if request.path.rsplit("/", 1)[-1] != PROJECT:
            raise Refusal(403, "PERMISSION_DENIED", "The caller does not have permission")
        return {"projectId": PROJECT, "projectNumber": NUMBER, "lifecycleState": "ACTIVE", "name": PROJECT}

    def _cloudbilling(self, request: Recorded) -> Body | None:
        return {"name": f"projects/{PROJECT}/billingInfo", "projectId": PROJECT, "billingEnabled": self.billing}

    def _cloudbuild(self, request: Recorded) -> Body | None:
        return {
            "serviceAccountEmail": f"projects/{PROJECT}/serviceAccounts/{NUMBER}-compute@developer.gserviceaccount.com"
        }

    def _serviceusage(self, request: Recorded) -> Body | None:
        if request.verb == "batchEnable":
            self.enabled |= set(request.body["serviceIds"])
            return {"name": "operations/enable", "done": True, "response": {}}
        if request.path.endswith("/services"):
            return {"services": [service(name) for name in sorted(self.enabled)]}
        name = request.path.rsplit("/", 1)[-1]
        return service(name) if name in self.enabled else {**service(name), "state": "DISABLED"}

    def _iam(self, request: Recorded) -> Body | None:
        if request.method == "POST":
            address = f"{request.body['accountId']}@{PROJECT}.iam.gserviceaccount.com"
            body = {**request.body.get("serviceAccount", {}), "email": address, "projectId": PROJECT, "uniqueId": "1"}
            return self._create("iam", f"projects/{PROJECT}/serviceAccounts/{address}", body)
        if "projects/-/" in request.path:  # any project: an account's address says which
            path = request.path.replace("projects/-/", f"projects/{PROJECT}/")
            return self._generic(Recorded(request.method, "iam", path, request.query, request.body))
        return None

    def _storage(self, request: Recorded) -> Body | None:
        parts = request.path.split("/b", 1)[1].strip("/").split("/")
        if parts == [""]:
            if request.method == "POST":
                return self._create_bucket(request.body)
            return {"items": [body for name, body in self.resources.items() if name.startswith("storage ")]}
        key = f"storage {unquote(parts[0])}"
        if len(parts) >= 3:
            name = unquote("/".join(parts[2:]))
            if f"{key}/o/{name}" not in self.resources:
                raise Refusal(404, "NOT_FOUND", f"No such object: {parts[0]}/{name}")
            if request.method == "DELETE":
                del self.resources[f"{key}/o/{name}"]
                return {}
            return self.resources[f"{key}/o/{name}"]
        if len(parts) == 2:
            return {"items": [body for name, body in self.resources.items() if name.startswith(f"{key}/o/")]}
        if key not in self.resources:
            raise Refusal(404, "NOT_FOUND", "The specified bucket does not exist.")
        if request.method == "DELETE":
            del self.resources[key]
            self.policies.pop(f"storage b/{parts[0]}", None)
            return {}
        if request.method == "PATCH":
            merge(self.resources[key], request.body)
        return self.resources[key]

    def _create_bucket(self, body: Body) -> Body:
        key = f"storage {body['name']}"
        if key in self.resources:
            raise Refusal(409, "ALREADY_EXISTS", "The bucket you tried to create already exists.")
        self.resources[key] = {
            **body,
            "kind": "storage#bucket",
            "id": body["name"],
            "metageneration": "1",
            "projectNumber": NUMBER,
        }
        return self.resources[key]

    def _firestore(self, request: Recorded) -> Body | None:
        if request.verb == "bulkDeleteDocuments":
            return {"name": f"projects/{PROJECT}/databases/(default)/operations/bulk", "done": True, "response": {}}
        name = resource_name(request.path)
        if "/operations/" in name:
            return {"name": name, "done": True, "response": {}}
        if request.method == "PATCH" and "/fields/" in name:
            kept = self.resources.setdefault(f"firestore {name}", {"name": name})
            for part in request.query["updateMask"].split(","):
                kept.pop(part, None)
                if part in request.body:
                    kept[part] = request.body[part]
            if set(kept) == {"name"}:
                del self.resources[f"firestore {name}"]
            return {"name": name.split("/collectionGroups")[0] + "/operations/field", "done": True, "response": kept}
        if request.method == "GET" and name.endswith("/fields"):
            wanted = "ttlConfig" if "ttlConfig" in request.query.get("filter", "") else "indexConfig"
            fields = [body for body in self._list("firestore", name)["fields"] if wanted in body]
            return {
                "fields": [
                    {**body, "ttlConfig": {"state": "ACTIVE"}} if wanted == "ttlConfig" else body for body in fields
                ]
            }
        if request.method == "POST" and name.endswith("/databases"):
            made = self._create("firestore", f"{name}/{request.query['databaseId']}", request.body)
            return {"name": f"{made['name']}/operations/create", "done": True, "response": made}
        return None

    def _artifactregistry(self, request: Recorded) -> Body | None:
        name = resource_name(request.path)
        if "/operations/" in name:
            return {"name": name, "done": True, "response": {}}
        if request.method in {"POST", "DELETE"}:
            body = self._generic(request)
            return {"name": "/".join(name.split("/")[:4]) + "/operations/one", "done": True, "response": body}
        return None

    def _pubsub(self, request: Recorded) -> Body | None:
        name = resource_name(request.path)
        if request.method == "PUT":
            return self._create("pubsub", name, request.body)
        if request.method == "PATCH":
            self._get("pubsub", name)
            wrapped = Recorded(
                "PATCH",
                "pubsub",
                request.path,
                {"updateMask": request.body["updateMask"]},
                request.body["subscription"],
            )
            return self._patch("pubsub", name, wrapped)
        if request.verb in {"pull", "acknowledge", "publish"}:
            return self._messages(request, name.rsplit(":", 1)[0])
        return None

    def _messages(self, request: Recorded, name: str) -> Body:
        waiting = self.resources[f"pubsub {name}"].setdefault("messages", [])
        if request.verb == "publish":
            waiting.extend(request.body["messages"])
            return {"messageIds": ["1"] * len(request.body["messages"])}
        if request.verb == "pull":
            return {"receivedMessages": [{"ackId": str(place), "message": one} for place, one in enumerate(waiting)]}
        self.resources[f"pubsub {name}"]["messages"] = [
            one for place, one in enumerate(waiting) if str(place) not in request.body["ackIds"]
        ]
        return {}

    def _cloudscheduler(self, request: Recorded) -> Body | None:
        if request.method == "PATCH":
            return self._patch("cloudscheduler", resource_name(request.path), request)
        return None

    def _run(self, request: Recorded) -> Body | None:
        if "/apis/serving.knative.dev/" not in request.path:
            return None
        *_, last = request.path.split("/")
        services = {name: body for name, body in self.resources.items() if name.startswith("run ")}
        if last == "services":
            return {"items": list(services.values()), "kind": "ServiceList", "metadata": {}}
        if request.method == "PUT":
            sent = request.body
            sent["metadata"].setdefault("annotations", {})
            kept = self.resources[f"run {last}"]
            kept["metadata"]["annotations"] |= sent["metadata"]["annotations"]
            return kept
        if f"run {last}" not in self.resources:
            raise Refusal(404, "NOT_FOUND", f"Resource '{last}' was not found")
        return self.resources[f"run {last}"]

    def _cloudfunctions(self, request: Recorded) -> Body | None:
        name = resource_name(request.path)
        place = "/".join(name.split("/")[:4])
        if request.verb == "generateUploadUrl":
            self._ids += 1
            source = {"bucket": f"gcf-v2-uploads-{NUMBER}", "object": f"{self._ids}.zip"}
            return {
                "uploadUrl": f"http://storage.googleapis.com/upload-source/{self._ids}.zip",
                "storageSource": source,
            }
        if name.endswith("/runtimes"):
            return {"runtimes": [runtime(version) for version in ("python311", "python312", "python313")]}
        if "/operations/" in name:
            failed = {"error": {"code": 3, "message": "Build failed with status: FAILURE"}} if self.fail_builds else {}
            return {**done_operation(name), **failed}
        if request.method == "GET":
            return None
        if request.method == "DELETE":
            self._undo_function(name, self._get("cloudfunctions", name))
        elif request.method == "POST":
            name = f"{name}/{request.query['functionId']}"
            self._make_function(name, self._create("cloudfunctions", name, request.body))
        else:
            self._make_function(name, self._patch("cloudfunctions", name, request))
        if self.fail_builds and request.method != "DELETE":  # what was asked is kept all the same, labels included
            self.resources[f"cloudfunctions {name}"]["state"] = "FAILED"
        return done_operation(f"{place}/operations/one")

    def _make_function(self, name: str, body: Body) -> None:
        """What the platform makes beside a function: its service, its trigger, the trigger's subscription."""
        short, region = name.rsplit("/", 1)[-1], name.split("/")[3]
        hashed, numbered = f"http://{short}-abc123-ew.a.run.app", f"http://{short}-{NUMBER}.{region}.run.app"
        body.update(state="ACTIVE", environment="GEN_2", updateTime="2026-01-01T00:00:00.000000Z")
        body["serviceConfig"].update(uri=hashed, service=f"projects/{PROJECT}/locations/{region}/services/{short}")
        urls = json.dumps([hashed, numbered.replace("http:", "https:")])
        self.resources.setdefault(f"run {short}", knative_service(short, region, hashed, urls))
        if "eventTrigger" not in body:
            return
        where = body["eventTrigger"]["triggerRegion"]
        trigger = f"projects/{PROJECT}/locations/{where}/triggers/{short}-111111"
        pubsub = f"eventarc-{where}-{short}-111111"
        topic = f"projects/{PROJECT}/topics/{pubsub}-001"
        subscription = f"projects/{PROJECT}/subscriptions/{pubsub}-sub-001"
        body["eventTrigger"]["trigger"] = trigger
        transport = {"pubsub": {"topic": topic, "subscription": subscription}}
        made = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.5Z"
        self.resources.setdefault(f"eventarc {trigger}", {"name": trigger, "transport": transport, "createTime": made})
        self.resources.setdefault(f"pubsub {topic}", {"name": topic})
        self.resources.setdefault(f"pubsub {subscription}", {"name": subscription, "topic": topic})

    def _undo_function(self, name: str, body: Body) -> None:
        short = name.rsplit("/", 1)[-1]
        gone = {f"cloudfunctions {name}", f"run {short}"}
        if trigger := body.get("eventTrigger", {}).get("trigger"):
            carried = self.resources[f"eventarc {trigger}"]["transport"]["pubsub"]
            gone |= {f"eventarc {trigger}", f"pubsub {carried['topic']}", f"pubsub {carried['subscription']}"}
        for key in gone:
            del self.resources[key]
        self.policies = {
            key: body for key, body in self.policies.items() if not key.endswith((f"/services/{short}", *gone))
        }

    def deployed(self, host: str, path: str) -> tuple[int, Body]:
        """What the deployed functions themselves answer, for the smoke test."""
        if host.startswith("restock-forecast-") and path == "/health":
            return 200, {"status": "degraded", "model_loaded": False}
        return 403 if host.startswith("restock-retrain-") else 401, {"status": "error"}

    def uploaded(self, path: str, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self.uploads[path.rsplit("/", 1)[-1]] = sorted(archive.namelist())


def done_operation(name: str) -> Body:
    kind = "type.googleapis.com/google.cloud.functions.v2.OperationMetadata"
    return {"name": name, "metadata": {"@type": kind, "stages": []}, "done": True, "response": {}}


def service(name: str) -> Body:
    return {"name": f"projects/{NUMBER}/services/{name}", "config": {"name": name}, "state": "ENABLED"}


def runtime(name: str) -> Body:
    return {"name": name, "displayName": name, "stage": "GA", "environment": "GEN_2"}


def knative_service(name: str, region: str, url: str, urls: str) -> Body:
    ready = [{"type": kind, "status": "True"} for kind in ("Ready", "ConfigurationsReady", "RoutesReady")]
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": NUMBER,
            "generation": 1,
            "labels": {"cloud.googleapis.com/location": region},
            "annotations": {"run.googleapis.com/urls": urls, "run.googleapis.com/ingress": "all"},
        },
        "spec": {
            "template": {"metadata": {"name": f"{name}-00001"}, "spec": {"containers": [{"image": "image"}]}},
            "traffic": [],
        },
        "status": {
            "url": url,
            "observedGeneration": 1,
            "conditions": ready,
            "latestReadyRevisionName": f"{name}-00001",
        },
    }


def resource_name(path: str) -> str:
    """The resource's name in a request's path: without the API's version, the project by its id."""
    name = re.sub(r"^/(v\d+(alpha|beta)?\d*|storage/v1)/", "", path).removeprefix("/")
    return unquote(name).replace(f"projects/{NUMBER}/", f"projects/{PROJECT}/")


def camel(path: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), path)


def merge(target: Body, sent: Body) -> None:
    for key, value in sent.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value


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


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    google: FakeGoogle

    def do_CONNECT(self) -> None:
        self.google.requests.append(Recorded("CONNECT", self.path, "", {}, None))
        self.send_error(403, "nothing leaves this machine")

    def answer(self) -> None:
        url = urlsplit(self.path)
        host = url.hostname or ""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, body = self._answer(host, url.path, url.query, data)
        except Refusal as refusal:
            status = refusal.code
            body = {"error": {"code": status, "status": refusal.status, "message": str(refusal)}}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def _answer(self, host: str, path: str, query: str, data: bytes) -> tuple[int, Body]:
        if host.endswith(".run.app"):
            return self.google.deployed(host, path)
        api = re.sub(r"^[a-z]+-[a-z]+\d+-", "", host).removesuffix(".googleapis.com")
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        if path.startswith("/upload-source/"):
            return 200, self.google_upload(path, data)
        return 200, self.google.answer(
            Recorded(self.command, api, unquote(path), asked, json.loads(data) if data else None)
        )

    def google_upload(self, path: str, data: bytes) -> Body:
        self.google.record(Recorded("PUT", "storage", path, {}, None))
        self.google.uploaded(path, data)
        return {}

    def log_message(self, *args: Any) -> None:
        """Quiet: the requests are recorded."""


@contextmanager
def running(google: FakeGoogle) -> Iterator[FakeGoogle]:
    handler = type("OneHandler", (Handler,), {"google": google})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    google.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def environment(google: FakeGoogle, config: Path) -> dict[str, str]:
    """What makes the real gcloud speak to the fake, and to nothing else."""
    return {
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"http://{api}.googleapis.com/" for api in APIS},
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(google.port),
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_CONFIG": str(config),
    }
