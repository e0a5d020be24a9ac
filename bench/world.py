"""Where the benches run: one local stack, and in it as many empty shops as there are scenarios.

The stack's own functions stand idle; what is measured is started beside them, staged, one process at a time, with the
same settings and the deadlines of a deployment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.harness import LOGS, WORK
from infra.parts.functions import CLOCKS
from local.processes import free_port
from local.stack import Options, Stack

DEPLOYED = {name: str(seconds) for name, seconds in CLOCKS.items()}
QUICK_BUDGET = 12
"""Seconds of training budget that leave no room for the pooled trees, which take most of a fit's time."""

BATCH = 400


def bench_stack(budget: int | None = None) -> Stack:
    """A stack whose trigger is closed until a bench opens it."""
    options = Options(
        project="demo-bench",
        log_dir=LOGS,
        state_file=WORK / "stack.json",
        forecast_port=free_port(),
        is_trigger_live=False,
        settings=DEPLOYED | ({"TRAINING_BUDGET_SECONDS": str(budget)} if budget else {}),
    )
    return Stack(options)


@dataclass(frozen=True)
class Premises:
    """A shop of its own in the stack: its project, its bucket, the environment of its functions."""

    stack: Stack
    project: str

    @classmethod
    def made(cls, stack: Stack, label: str) -> Premises:
        place = cls(stack, f"demo-bench-{label}")
        stack.storage.create_bucket(place.bucket, project=place.project)
        return place

    @property
    def bucket(self) -> str:
        return f"{self.project}-bucket"

    @property
    def environment(self) -> dict[str, str]:
        return {**self.stack.environment, "GOOGLE_CLOUD_PROJECT": self.project, "RESTOCK_BUCKET": self.bucket}

    @property
    def firestore(self) -> Any:
        """A plain client, as any other program of the shop would have."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import firestore

        os.environ["FIRESTORE_EMULATOR_HOST"] = self.stack.address["firestore_emulator_host"]
        return firestore.Client(self.project, AnonymousCredentials())

    def objects(self) -> Any:
        """The bucket, through the adapter the functions use."""
        os.environ["STORAGE_EMULATOR_HOST"] = self.stack.address["storage_emulator_host"]
        from restock.gcp.storage import BucketObjects

        return BucketObjects(self.project, self.bucket)

    def write(self, collection: str, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """Put documents into Firestore, many at a time; how many."""
        client, written = self.firestore, 0
        batch = client.batch()
        for name, fields in documents:
            batch.set(client.collection(collection).document(name), dict(fields))
            written += 1
            if written % BATCH == 0:
                batch.commit()
                batch = client.batch()
        batch.commit()
        return written
