"""Fills build/<function>/ with what one function needs: its own folder, and of restock/ only what it imports.

gcloud uploads one folder and follows no links, so the shared package is copied in. What a door needs is found by
reading its imports (also those inside functions), never by a list that could go stale. The digest is of contents:
a touched or re-checked-out file is not a change.
"""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.errors import InfraError
from infra.settings import DOORS, ROOT, SWEEP

OWN_FILES = ("main.py", "Procfile")  # functions.yaml is for the Firebase CLI's emulators
LIBRARIES_OF = {SWEEP: "retrain"}
"""The sweep is retrain's code behind another door, with the very same libraries."""
STAGED = (*DOORS, SWEEP)
PACKAGE = "restock"


@dataclass(frozen=True)
class Staged:
    door: str
    folder: Path
    files: tuple[str, ...]
    digest: str
    revision: str = "unknown"


def stage(door: str, root: Path = ROOT, revision: str = "unknown") -> Staged:
    """Make build/<door>/ anew."""
    source, target = root / "functions" / door, root / "build" / door
    libraries = root / "functions" / LIBRARIES_OF.get(door, door) / "requirements.txt"
    if not (source / "main.py").is_file() or not libraries.is_file():
        raise InfraError(f"functions/{door}/ has no main.py or no requirements.txt: nothing to deploy.")
    shutil.rmtree(target, ignore_errors=True)
    own = {name: source / name for name in OWN_FILES} | {"requirements.txt": libraries}
    files = {name: path for name, path in own.items() if path.is_file()}
    files |= {str(path.relative_to(root).as_posix()): path for path in needed(source / "main.py", root)}
    for name, path in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
    return Staged(door, target, tuple(sorted(files)), digest_of_folder(target), revision)


def stage_all(*, chain: bool, root: Path = ROOT) -> dict[str, Staged]:
    revision = git_revision(root)
    return {door: stage(door, root, revision) for door in (STAGED if chain else DOORS)}


def git_revision(root: Path) -> str:
    """The commit that lies here, "-changed" behind it where something uncommitted does; "unknown" without git."""

    def said(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(root), *words], text=True, capture_output=True, check=False)
        except OSError:
            return None
        return None if done.returncode else done.stdout.strip()

    if said("rev-parse", "--show-prefix") != "":  # None, or some other repository that this folder lies in
        return "unknown"
    commit = said("rev-parse", "--short=12", "HEAD")
    changed = said("status", "--porcelain", "--", "restock", "functions")
    return f"{commit}-changed" if commit and changed else commit or "unknown"


def digest_of_folder(folder: Path) -> str:
    """The same for the same names and bytes, whatever the times, the order or the machine."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        whole.update(hashlib.sha256(name).digest() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def needed(entry: Path, root: Path) -> list[Path]:
    """Every file of restock/ that ``entry`` imports, directly or through others, and what lies beside them as data."""
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        for path in _imported(waiting.pop(), root):
            if path not in found:
                found.add(path)
                waiting.append(path)
    packages = {path.parent for path in found if path.name == "__init__.py"}
    return sorted(found | {path for package in packages for path in _data_of(package)})


def _imported(path: Path, root: Path) -> Iterator[Path]:
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue  # ruff's TID252 keeps relative imports out
        for name in names:
            yield from _files_of(name, root)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a module, leaving out what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _nodes(node)


def _files_of(name: str, root: Path) -> Iterator[Path]:
    """The module's own file and the __init__.py of every package above it, where they exist."""
    words = name.split(".")
    if words[0] != PACKAGE:
        return
    for depth in range(1, len(words) + 1):
        place = root.joinpath(*words[:depth])
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                yield path


def _data_of(package: Path) -> Iterator[Path]:
    """Files that are not Python, in a package's folder and in folders below it that are no packages themselves."""
    for path in package.iterdir():
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from (below for below in path.rglob("*") if below.is_file() and below.suffix != ".pyc")
        elif path.is_file() and path.suffix not in {".py", ".pyc"}:
            yield path
