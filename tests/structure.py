"""How large the code is and how it hangs together, counted: ``python -m tests.structure [COMMIT]`` prints it.

Given a commit, its figures stand beside today's, which is how a change of structure shows what it changed.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ("restock", "functions", "infra", "local", "bench")
STORED_FIELDS = {
    "awaiting", "classes", "completed_time", "decision", "digests", "failures", "finished_at", "first_day",
    "full_read_due", "history_sha256", "holder", "last_error", "last_success_at", "lease", "manifest_sha256", "notes",
    "passed_over", "pending", "pinned", "published_at", "published_by", "recipe", "rejected_examples", "retry_at",
    "scores", "since", "source_time", "started_at", "time_zone", "trained_at", "trained_through", "trained_time",
    "until", "unusual", "window",
}  # fmt: skip
"""Of the state, run records, changes, manifests, pointers and artifacts, as far as nothing else is called so."""


def python_files(*folders: str, root: Path = ROOT) -> list[Path]:
    return [file for folder in folders for file in (root / folder).rglob("*.py") if "venv" not in file.parts]


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def wing_of(file: Path) -> str:
    """The folder below restock or tests in which it lies, else the one at the top."""
    parts = file.parts
    return "/".join(parts[:2]) if parts[0] in ("restock", "tests") and len(parts) > 2 else parts[0]


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def lines_by_wing(root: Path, *folders: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for file in python_files(*folders, root=root):
        wing = wing_of(file.relative_to(root))
        found[wing] = found.get(wing, 0) + lines_of(file)
    return dict(sorted(found.items()))


def largest_file(root: Path, *folders: str) -> tuple[int, str]:
    return max((lines_of(file), str(file.relative_to(root))) for file in python_files(*folders, root=root))


def largest_function(root: Path) -> tuple[int, str]:
    """With its docstring and comments."""
    return max(
        ((node.end_lineno or 0) - node.lineno + 1, f"{file.relative_to(root)} {node.name}")
        for file in python_files(*CODE, root=root)
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef)
    )


def most_complex(root: Path) -> tuple[int, str]:
    """By ruff's own count, which the lint's limit is in."""
    words = ["ruff", "check", "--isolated", "--ignore-noqa", "--select=C901", "--output-format=json", "--exit-zero"]
    config = "--config=lint.mccabe.max-complexity=0"
    done = subprocess.run(
        [sys.executable, "-m", *words, config, *CODE], cwd=root, capture_output=True, text=True, check=True
    )
    counted = re.compile(r"`(.+)` is too complex \((\d+) > 0\)")
    return max(
        (int(found[2]), f"{Path(one['filename']).relative_to(root.resolve())} {found[1]}")
        for one in json.loads(done.stdout)
        if (found := counted.fullmatch(one["message"]))
    )


def imported(tree: ast.AST) -> Iterator[str]:
    """Everything a file imports, wherever in it: what only a type or a late call needs is a dependency all the same."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def import_circles(root: Path = ROOT) -> list[list[str]]:
    """Groups of modules of which each needs, over others, itself."""
    modules = {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in python_files(*CODE, root=root)
    }
    needs = {name: {one for one in imported(parsed(file)) if one in modules} for name, file in modules.items()}
    reached = {name: _reached(name, needs) for name in modules}
    circles = {
        tuple(sorted(m for m in reached[name] if name in reached[m])) for name in modules if name in reached[name]
    }
    return sorted(map(list, circles))


def _reached(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        news = needs[waiting.pop()] - found
        found |= news
        waiting += news
    return found


def reads_of_stored_fields(root: Path = ROOT) -> list[str]:
    """``x["name"]`` and ``x.get("name")`` of what is stored, outside of the classes that declare it."""
    return [
        f"{file.relative_to(root)}:{node.lineno} {name}"
        for file in python_files("restock", "functions", root=root)
        if file.relative_to(root).parts[1] != "stored"
        for node in ast.walk(parsed(file))
        if (name := read_by_name(node)) in STORED_FIELDS
        and not (name == "source_time" and "history" in file.parts)  # there a column of the history's table
    ]


def read_by_name(node: ast.AST) -> str:
    """The name in ``x["name"]`` or ``x.get("name")``, where it is read."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else ""
    return ""


def figures(root: Path) -> dict[str, str]:
    def shown(found: tuple[int, str]) -> str:
        return f"{found[0]} ({found[1]})"

    code, tests = lines_by_wing(root, *CODE), lines_by_wing(root, "tests")
    return {
        **{f"lines of {wing}": f"{lines:,}" for wing, lines in code.items()},
        "lines of code": f"{sum(code.values()):,}",
        **{f"lines of {wing}": f"{lines:,}" for wing, lines in tests.items()},
        "lines of tests": f"{sum(tests.values()):,}",
        "largest file of code": shown(largest_file(root, *CODE)),
        "largest file of tests": shown(largest_file(root, "tests")),
        "largest function": shown(largest_function(root)),
        "greatest complexity": shown(most_complex(root)),
        "import circles": str(len(import_circles(root))),
        "reads of stored fields by name": str(len(reads_of_stored_fields(root))),
    }


def main(commits: list[str]) -> None:
    columns = {"now": figures(ROOT)}
    for commit in commits:
        with tempfile.TemporaryDirectory() as folder:
            packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(folder, filter="data")
            columns = {commit[:12]: figures(Path(folder)), **columns}
    rows = list(dict.fromkeys(name for column in columns.values() for name in column))
    print("\n".join([f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]))
    for name in rows:
        print(f"| {name} | {' | '.join(column.get(name, '–') for column in columns.values())} |")


if __name__ == "__main__":
    main(sys.argv[1:])
