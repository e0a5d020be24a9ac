"""Cloud Run jobs as Google keeps them, and what one is built from: an upload into a bucket, a build, its image."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile

from tests.infra.fake_project import NUMBER, PROJECT, Body, Project, Recorded, Refusal

JOBS = "/apis/run.googleapis.com/v1/namespaces/"
READY = {"type": "Ready", "status": "True"}


class JobsAndBuilds(Project):
    """The ways of these APIs."""

    def stored(self, request: Recorded, data: bytes) -> Body:
        """An object written through the upload API in one request: its metadata and its bytes, between boundaries."""
        self.record(request)
        bucket = request.path.split("/b/")[1].split("/")[0]
        if f"storage {bucket}" not in self.resources:
            raise Refusal(404, "NOT_FOUND", "The specified bucket does not exist.")
        name, content = request.query["name"], content_of(data)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            self.uploads[name] = sorted(one.name for one in archive.getmembers() if one.isfile())
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        return {"bucket": bucket, "name": name, "generation": "1", "size": str(len(content)), "md5Hash": digest}

    def _cloudbuild(self, request: Recorded) -> Body | None:
        if not request.path.endswith("/builds") and "/builds/" not in request.path:
            default = f"projects/{PROJECT}/serviceAccounts/{NUMBER}-compute@developer.gserviceaccount.com"
            return {"serviceAccountEmail": default}
        if request.method == "GET":
            return self.built[request.path.rsplit("/", 1)[-1]]
        self._ids += 1
        place = "/".join(request.path.split("/")[2:6])
        error = self.build_errors.pop(0) if self.build_errors else ""
        is_done = not (error or self.fail_builds)
        build = {
            **request.body,
            "id": str(self._ids),
            "projectId": PROJECT,
            "name": f"{place}/builds/{self._ids}",
            "status": "SUCCESS" if is_done else "FAILURE",
            **({"failureInfo": {"type": "PUSH_FAILED", "detail": error}} if error else {}),
        }
        self.built[build["id"]] = build
        return {"name": f"operations/build/{PROJECT}/{self._ids}", "metadata": {"build": {**build, "status": "QUEUED"}}}

    def jobs(self, request: Recorded) -> Body:
        """Knative's v1, as gcloud speaks it."""
        name = request.path.partition("/jobs")[2].strip("/")
        key = f"run {JOBS}{PROJECT}/jobs/{name}"
        if not name and request.method == "GET":
            found = [body for one, body in self.resources.items() if one.startswith(key)]
            return {"apiVersion": "run.googleapis.com/v1", "kind": "JobList", "metadata": {}, "items": found}
        if request.method == "POST":
            name = request.body["metadata"]["name"]
            key += name
            if key in self.resources:
                raise Refusal(409, "ALREADY_EXISTS", f"Resource '{name}' already exists.")
        elif key not in self.resources:
            raise Refusal(404, "NOT_FOUND", f"Resource '{name}' of kind 'JOB' in region does not exist.")
        if request.method == "DELETE":
            self.policies = {one: body for one, body in self.policies.items() if not one.endswith(f"/jobs/{name}")}
            return {"status": "Success", "gone": self.resources.pop(key)["metadata"]["name"]}
        if request.method in {"POST", "PUT"}:
            kept = {**request.body, "status": {"observedGeneration": 1, "conditions": [READY]}}
            kept["metadata"] = {**kept["metadata"], "namespace": NUMBER, "generation": 1, "selfLink": key[4:]}
            self.resources[key] = kept
        return self.resources[key]


def content_of(data: bytes) -> bytes:
    """The second part of a multipart upload.

    >>> content_of(b"--x\\nContent-Type: application/json\\n\\n{}\\n--x\\nContent-Type: a/b\\n\\nby\\n\\ntes\\n--x--")
    b'by\\n\\ntes'
    """
    boundary, _, _ = data.partition(b"\n")
    part = data.split(b"\n" + boundary.strip())[1]
    return re.split(rb"\r?\n\r?\n", part, maxsplit=1)[1]
