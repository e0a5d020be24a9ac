"""What a first deploy into a new project meets, each injected once: the real gcloud against the recording fake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from infra import runner as runner_module
from infra.command import Change
from infra.errors import PrerequisiteError
from infra.parts import Removal
from infra.parts.firestore import time_to_live, without_expiry
from infra.parts.functions import deploy_command
from infra.prerequisites import check_project
from infra.runner import Runner
from infra.stage import stage
from infra.standing import Standing
from tests.infra.conftest import World
from tests.infra.fake_project import NUMBER, Refusal
from tests.infra.test_settings import settings

pytestmark = pytest.mark.needs("gcloud")

Run = Callable[[World], Runner]


@dataclass
class Heard:
    """What a runner said, and how long it would have waited."""

    told: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch, heard: Heard) -> Run:
    """A runner that speaks to a world's Google, and only says how long it would wait."""

    def in_world(world: World) -> Runner:
        for name, value in world.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(runner_module, "ROOT", world.tree)
        return Runner(heard.told.append, heard.slept.append)

    return in_world


WANTED = settings(project="demo-shop")
STANDING = Standing(project={"projectNumber": NUMBER})
FIELD = "projects/demo-shop/databases/(default)/collectionGroups/restock_changes/fields/expire_at"
EXPIRING = Standing(ttls=[{"name": FIELD}])


@pytest.mark.parametrize(
    "words",
    [
        f"Access to bucket gcf-v2-sources-{NUMBER}-europe-west1 denied. You must grant Storage Object Viewer.",
        "Unable to retrieve the repository metadata for projects/demo-shop/locations/europe-west1/repositories/r.",
        "denied: Permission artifactregistry.repositories.uploadArtifacts denied on resource",
    ],
)
def test_a_build_by_an_account_whose_roles_are_minutes_old_is_waited_for(
    empty: World, acting: Run, heard: Heard, words: str
) -> None:
    staged = stage("forecast", empty.tree)
    empty.google.build_errors = [words]

    acting(empty).run("function forecast", deploy_command(WANTED, STANDING, staged, "new"))

    assert empty.google.named("cloudfunctions", "restock-forecast")["state"] == "ACTIVE"
    assert heard.slept == [20]
    assert "the build account's roles, minutes old, are not known everywhere yet: trying again" in heard.told[0]


@pytest.mark.parametrize("change", [time_to_live(WANTED, STANDING)[0], without_expiry(WANTED, EXPIRING, Removal())[0]])
@pytest.mark.parametrize(
    "words",
    [
        "Aborted due to cross-transaction contention. This occurs when several transactions access the data.",
        "The underlying data changed.",
    ],
)
def test_fields_that_firestore_is_still_changing_are_tried_again(
    empty: World, acting: Run, heard: Heard, words: str, change: Change
) -> None:
    empty.google.refuse_once["PATCH firestore"] = (409, "ABORTED", words)

    acting(empty).run("expiry", change)

    assert heard.slept == [5]
    kept = [name for name in empty.google.resources if name.endswith("restock_changes/fields/expire_at")]
    assert bool(kept) == ("--enable-ttl" in change.text())  # as a deploy asks, and as a teardown


@pytest.mark.parametrize(
    ("held", "unknown", "is_refused"),
    [
        ("datastore.indexes.update", "datastore.schemas.update", False),
        ("datastore.schemas.update", "datastore.indexes.update", False),
        ("", "", True),
    ],
)
def test_a_permission_that_google_renamed_is_asked_for_by_the_name_it_knows(
    empty: World,
    acting: Run,
    held: str,
    unknown: str,
    is_refused: bool,
) -> None:
    def permitted(asked: list[str]) -> list[str]:
        if unknown in asked:
            raise Refusal(400, "INVALID_ARGUMENT", f"Permission {unknown} is not valid for this resource.")
        return [name for name in asked if name == held or "datastore" not in name]

    empty.google.permissions = permitted
    try:
        acting_runner = acting(empty)
        project = {"projectId": "demo-shop", "lifecycleState": "ACTIVE"}
        if is_refused:
            with pytest.raises(PrerequisiteError, match=r"lacks datastore\.schemas\.update: grant it roles/datastore"):
                check_project(WANTED, acting_runner, project)
        else:
            check_project(WANTED, acting_runner, project)
    finally:
        empty.google.permissions = list


def test_a_deploy_shows_a_screen_asks_and_changes_nothing_without_a_yes(empty: World) -> None:
    ended = empty.infra("deploy", stdin="no\n")

    shown = ended.text.splitlines()
    assert ended.status == 1
    assert ended.changes == []
    assert len(shown) < 40
    assert "A deploy makes" in ended.text
    assert "nothing was changed" in shown[-1]


def test_a_project_without_a_database_gets_none_unasked(empty: World) -> None:
    empty.settings(make_database="false")
    empty.google.enabled |= {"firestore.googleapis.com"}

    ended = empty.infra("deploy")

    assert ended.status == 1
    assert ended.changes == []
    assert "write make_database = true" in ended.text
