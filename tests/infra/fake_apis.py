"""Where an API has ways of its own: what gcloud waits for, and what the platform makes beside what it is told to."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from tests.infra.fake_jobs import JOBS, JobsAndBuilds
from tests.infra.fake_project import NUMBER, PROJECT, Body, Recorded, Refusal, etag_of, resource_name

BILLING_ACCOUNT = "billingAccounts/AAAAAA-BBBBBB-CCCCCC"
ON_PROJECT = f"cloudresourcemanager projects/{PROJECT}"
PUBSUB = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"


class FakeGoogle(JobsAndBuilds):
    """Google with one project in it."""

    def _cloudresourcemanager(self, request: Recorded) -> Body | None:
        if request.verb == "testIamPermissions":
            return {"permissions": self.permissions(request.body["permissions"])}
        if request.path.rsplit("/", 1)[-1] != PROJECT:
            raise Refusal(403, "PERMISSION_DENIED", "The caller does not have permission")
        return {"projectId": PROJECT, "projectNumber": NUMBER, "lifecycleState": "ACTIVE", "name": PROJECT}

    def _cloudbilling(self, request: Recorded) -> Body | None:
        info = {"name": f"projects/{PROJECT}/billingInfo", "projectId": PROJECT, "billingEnabled": self.billing}
        return {**info, "billingAccountName": BILLING_ACCOUNT} if self.billing else info

    def _serviceusage(self, request: Recorded) -> Body | None:
        if request.verb == "batchEnable":
            self.enabled |= set(request.body["serviceIds"])
            self._let_pubsub_sign()
            return {"name": "operations/enable", "done": True, "response": {}}
        if request.path.endswith("/services"):
            return {"services": [service(name) for name in sorted(self.enabled)]}
        name = request.path.rsplit("/", 1)[-1]
        return service(name) if name in self.enabled else {**service(name), "state": "DISABLED"}

    def _let_pubsub_sign(self) -> None:
        """As in every project that opened Pub/Sub after 8 April 2021."""
        bindings = self.policies.setdefault(ON_PROJECT, {"bindings": [], "etag": etag_of([])})["bindings"]
        if "pubsub.googleapis.com" in self.enabled and not any(one["members"] == [PUBSUB] for one in bindings):
            bindings.append({"role": "roles/pubsub.serviceAgent", "members": [PUBSUB]})
            self.policies[ON_PROJECT]["etag"] = etag_of(bindings)

    def _iam(self, request: Recorded) -> Body | None:
        if request.verb == "enable":
            path = request.path.replace("projects/-/", f"projects/{PROJECT}/").rsplit(":", 1)[0]
            self._get("iam", resource_name(path))["disabled"] = False
            return {}
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
            return self._create_bucket(request.body) if request.method == "POST" else self._buckets(request)
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
            times = {"softDeleteTime": "2026-11-24T08:00:00Z", "hardDeleteTime": "2026-12-01T08:00:00Z"}
            self.deleted_buckets.append({**self.resources.pop(key), "generation": "1764000000123456", **times})
            self.policies.pop(f"storage b/{parts[0]}", None)
            return {}
        if request.method == "PATCH":
            merge(self.resources[key], request.body)
        return self.resources[key]

    def _buckets(self, request: Recorded) -> Body:
        if request.query.get("softDeleted"):
            return {"items": self.deleted_buckets}
        return {"items": [body for name, body in self.resources.items() if name.startswith("storage ")]}

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
        if request.verb == "resume":
            job = self._get("cloudscheduler", resource_name(request.path.rsplit(":", 1)[0]))
            job["state"] = "ENABLED"
            return job
        if request.method == "PATCH":
            return self._patch("cloudscheduler", resource_name(request.path), request)
        return None

    def _cloudtasks(self, request: Recorded) -> Body | None:
        if request.verb not in {"pause", "resume", "purge"}:
            return None
        name = resource_name(request.path.rsplit(":", 1)[0])
        queue = self._get("cloudtasks", name)
        if request.verb == "purge":
            tasks = f"cloudtasks {name}/tasks/"
            self.resources = {key: body for key, body in self.resources.items() if not key.startswith(tasks)}
        else:
            queue["state"] = "PAUSED" if request.verb == "pause" else "RUNNING"
        return queue

    def _run(self, request: Recorded) -> Body | None:
        if JOBS in request.path:
            return self.jobs(request)
        if "/apis/serving.knative.dev/" not in request.path:
            return None
        *_, last = request.path.split("/")
        services = {name: body for name, body in self.resources.items() if body.get("kind") == "Service"}
        if last == "services":
            return {"items": list(services.values()), "kind": "ServiceList", "metadata": {}}
        if last == "revisions":
            _label, _, asked = request.query["labelSelector"].partition(" = ")
            return {"items": self.revisions[asked], "kind": "RevisionList", "metadata": {}}
        if request.method == "PUT":
            sent = request.body
            kept = self.resources[f"run {last}"]
            kept["metadata"]["annotations"] |= sent["metadata"].get("annotations", {})
            kept["spec"]["traffic"] = kept["status"]["traffic"] = sent["spec"].get("traffic", [])
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
            words = "Build failed with status: FAILURE" if self.fail_builds else unquote(name.rpartition("/one")[2])
            failed = {"error": {"code": 3, "message": words}} if words else {}
            return {**done_operation(name), **failed}
        if request.method == "GET":
            return None
        if request.method == "DELETE":
            self.undo_function(name, self._get("cloudfunctions", name))
        elif request.method == "POST":
            name = f"{name}/{request.query['functionId']}"
            self._make_function(name, self._create("cloudfunctions", name, request.body))
        else:
            self._make_function(name, self._patch("cloudfunctions", name, request))
        if self.fail_builds and request.method != "DELETE":  # what was asked is kept all the same, labels included
            self.resources[f"cloudfunctions {name}"]["state"] = "FAILED"
        error = self.build_errors.pop(0) if self.build_errors and request.method != "DELETE" else ""
        if error:
            self.resources[f"cloudfunctions {name}"]["state"] = "FAILED"
        # An operation that ends badly carries its words in its name.
        return {**done_operation(f"{place}/operations/one{quote(error, safe='')}"), "done": False}

    def _make_function(self, name: str, body: Body) -> None:
        """What the platform makes beside a function: its service, its trigger, the trigger's subscription."""
        short, region = name.rsplit("/", 1)[-1], name.split("/")[3]
        hashed, numbered = f"http://{short}-abc123-ew.a.run.app", f"http://{short}-{NUMBER}.{region}.run.app"
        body.update(state="ACTIVE", environment="GEN_2", updateTime="2026-01-01T00:00:00.000000Z")
        body["serviceConfig"].update(uri=hashed, service=f"projects/{PROJECT}/locations/{region}/services/{short}")
        urls = json.dumps([hashed, numbered.replace("http:", "https:")])
        service = self.resources.setdefault(f"run {short}", knative_service(short, region, hashed, urls))
        self._roll_out(service, body)
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

    def _roll_out(self, service: Body, body: Body) -> None:
        """A revision for each deploy, with an image for each upload; all traffic goes to it where that is said."""
        name = service["metadata"]["name"]
        kept = self.revisions.setdefault(name, [])
        number = len(kept) + 1
        image = f"image@{body['buildConfig']['source']['storageSource']['object']}"
        made = {
            "name": f"{name}-{number:05}",
            "namespace": NUMBER,
            "labels": {"serving.knative.dev/service": name},
            "creationTimestamp": f"2026-01-{number:02}T00:00:00Z",
        }
        ready = [{"type": "Ready", "status": "True"}]
        kept.append(
            {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Revision",
                "metadata": made,
                "spec": {"containers": [{"image": image}]},
                "status": {"conditions": ready},
            }
        )
        service["status"]["latestReadyRevisionName"] = made["name"]
        if body["serviceConfig"].get("allTrafficOnLatestRevision"):
            service["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]

    def undo_function(self, name: str, body: Body) -> None:
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
            "traffic": [],
        },
    }


def merge(target: Body, sent: Body) -> None:
    for key, value in sent.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value
