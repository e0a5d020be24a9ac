"""``import-usage`` as an operator types it: a wrong file ends with 1 and leaves what was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from restock import __main__ as verbs
from restock.stored.names import IMPORTED
from tests.builders import environment
from tests.fakes import FakeObjects

GOOD = "date,part,quantity\n" + "2023-05-01,Oil,1\n" * 50


class Desk:
    """An operator at a deployment that has a bucket and nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.bucket, self.file = FakeObjects(), folder / "usage.csv"
        for name, value in environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(verbs, "BucketObjects", lambda *_: self.bucket)
        monkeypatch.setattr(verbs, "FirestoreDocuments", lambda *_: None)
        monkeypatch.setattr(verbs, "CloudTasksQueue", lambda *_: None)

    def imports(self, text: str, before: str) -> int:
        self.file.write_text(text, encoding="utf-8")
        return verbs.main(["import-usage", str(self.file), "--before", before, "--yes"])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    return Desk(monkeypatch, tmp_path)


def test_a_good_file_is_stored(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.imports(GOOD, "2024-03-01") == 0
    assert "50 lines imported" in capsys.readouterr().out
    assert desk.bucket.read(IMPORTED)


@pytest.mark.parametrize(
    ("text", "before", "words"),
    [
        (GOOD.replace("2023-05-01", "01/05/2023"), "2024-03-01", "(line 2, 3, 4, ...)"),
        (GOOD, "9999-01-01", "is after today"),
        ("a,b\n1,2\n", "2024-03-01", "has no column date"),
    ],
)
def test_a_wrong_file_ends_with_1_and_leaves_what_was_there(
    desk: Desk, capsys: pytest.CaptureFixture[str], text: str, before: str, words: str
) -> None:
    desk.imports(GOOD, "2024-03-01")
    stored = desk.bucket.read(IMPORTED)

    assert desk.imports(text, before) == 1

    assert words in capsys.readouterr().err
    assert desk.bucket.read(IMPORTED) == stored


@pytest.mark.parametrize("before", ["2024-W09-5", "20240301", "01/03/2024"])
def test_a_day_that_is_none_is_refused(desk: Desk, before: str) -> None:
    with pytest.raises(SystemExit) as caught:
        desk.imports(GOOD, before)

    assert caught.value.code == 2
    assert desk.bucket.read(IMPORTED) is None
