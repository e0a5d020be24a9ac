"""Names of what a deploy makes in the fake's project, and ways to look at it."""

from __future__ import annotations

from tests.infra.fake_apis import FakeGoogle
from tests.infra.fake_project import NUMBER, PROJECT

PLACE = f"projects/{PROJECT}/locations/europe-west1"
RETRAIN_URL = f"https://restock-retrain-{NUMBER}.europe-west1.run.app"


def account(name: str) -> str:
    return f"restock-{name}@{PROJECT}.iam.gserviceaccount.com"


def member(name: str) -> str:
    return f"serviceAccount:{account(name)}"


def function(google: FakeGoogle, door: str) -> dict:
    return google.named("cloudfunctions", f"/functions/restock-{door.replace('_', '-')}")


def bind(google: FakeGoogle, place: str, role: str, who: str) -> None:
    """As somebody would by hand."""
    google.policies[place]["bindings"].append({"role": role, "members": [who]})
