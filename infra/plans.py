"""python3 -m infra.plans: refresh the plan in docs/plans/, of the example settings and an empty project."""

from __future__ import annotations

from infra.deploy import plan
from infra.settings import ROOT, load
from infra.stage import stage_all
from infra.standing import Standing

TEXT = """# The plan of a first deploy

What `make plan` prints for a medium shop with the example settings and an empty project (`python -m infra plan
--from-empty`). The other sizes differ in threshold (10, 15, 20), schedule (large: every 12 hours) and the age at which
the alert for an old model fires (48, 48, 24 hours). Digests change with the source.

```text
{plan}
```
"""


def main() -> None:
    lines: list[str] = []
    plan(load(ROOT / "infra/settings.example.toml"), Standing(), stage_all(), lines.append)
    path = ROOT / "docs/plans/medium.md"
    path.write_text(TEXT.format(plan="\n".join(lines).strip()), encoding="utf-8")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
