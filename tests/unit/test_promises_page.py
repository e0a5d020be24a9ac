"""Every promise has its number in the code that keeps it and in the tests that attack it (docs/promises.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split("|")]
    for line in (ROOT / "docs/promises.md").read_text(encoding="utf-8").split("\n## ")[0].splitlines()
    if re.match(r"\| \d \|", line)
]


def says(path: str, number: int) -> bool:
    """Whether the file speaks of this promise: `promise 3`, `Promises 1, 2 and 3`, `test_promises_1_2_3_...`."""
    text = (ROOT / path).read_text(encoding="utf-8")
    spoken = re.findall(r"promises?[ _]((?:\d(?:, |_| and | to )?)+)", text, re.IGNORECASE)
    numbers = set()
    for found in spoken:
        if whole := re.fullmatch(r"(\d) to (\d)\D*", found):
            numbers.update(range(int(whole[1]), int(whole[2]) + 1))
        numbers.update(int(digit) for digit in re.findall(r"\d", found))
    return number in numbers


def test_the_page_has_all_eight():
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 9)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"promise {row[0]}")
@pytest.mark.parametrize("column", [2, 3], ids=["code", "tests"])
def test_every_place_named_says_the_promises_number(row, column):
    named = re.findall(r"`([\w/]+\.py)`", row[column])

    assert named
    assert [path for path in named if not says(path, int(row[0]))] == []
