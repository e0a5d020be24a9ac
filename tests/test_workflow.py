"""What GitHub runs is what was read: actions are named by commit, and one project is deployed by one run at a time."""

from __future__ import annotations

import re

from local.setup import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_every_action_is_named_by_its_commit_with_the_release_beside_it() -> None:
    used = [line.strip() for file in WORKFLOWS for line in file.read_text().splitlines() if "uses:" in line]

    assert len(used) >= 7
    assert [line for line in used if not re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []


def test_two_tags_do_not_deploy_into_each_other() -> None:
    [workflow] = [file.read_text() for file in WORKFLOWS if "infra deploy" in file.read_text()]

    deploy = workflow[workflow.index("\n  deploy:") :]

    assert re.search(
        r"concurrency:.*\n\s+group: deploy-\$\{\{ vars\.DEPLOYER \}\}\n\s+cancel-in-progress: false", deploy
    )
