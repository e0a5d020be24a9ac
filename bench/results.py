"""The one table: rows with what they are compared to, printed and kept in RESULTS.md.

A section carries its own date, command and state of the machine, so that a run of one section replaces only that.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

RESULTS = Path(__file__).with_name("RESULTS.md")
PREAMBLE = """\
# Bench results

Written by `make bench`; every section says when, where and how it was measured. Compare ratios, not seconds: they were
measured side by side on one machine.
"""
HEADER = ("what", "measured", "compared to", "ratio", "wanted", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `is_met` is None where nothing was promised."""

    what: str
    measured: str
    compared_to: str = ""
    ratio: str = ""
    wanted: str = ""
    is_met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {True: "met", False: "NOT MET", None: ""}[self.is_met]
        return self.what, self.measured, self.compared_to, self.ratio, self.wanted, verdict


def ratio_row(  # noqa: PLR0913  # the last three are named in every call
    what: str, value: float, base: float, *, of: str, unit: str = "s", most: float | None = None
) -> Row:
    """A row whose point is value / base, with the most it may be."""
    ratio = value / base
    wanted = "" if most is None else f"≤ {most:g} ×"
    is_met = None if most is None else ratio <= most
    return Row(what, shown(value, unit), f"{of}: {shown(base, unit)}", f"{ratio:.2f} ×", wanted, is_met)


def count_row(what: str, value: float, most: float, *, basis: str = "", unit: str = "") -> Row:
    """A row whose point is that value stays within a limit."""
    return Row(what, shown(value, unit), basis, "", f"≤ {shown(most, unit)}", value <= most)


def shown(value: float, unit: str = "") -> str:
    """A number as people read it: three digits that matter, small times in milliseconds.

    >>> shown(0.0123, "s"), shown(1234567), shown(2.5e9, "B")
    ('12.3 ms', '1,234,567', '2.33 GiB')
    """
    if unit == "s" and 0 < abs(value) < 0.1:
        value, unit = value * 1000, "ms"
    elif unit == "B":
        size = next((size for size in (2**30, 2**20, 2**10) if abs(value) >= size), 1)
        value, unit = value / size, {2**30: "GiB", 2**20: "MiB", 2**10: "KiB", 1: "B"}[size]
    is_whole = float(value).is_integer() and not unit
    number = f"{value:,.0f}" if is_whole or abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")
    return f"{number} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    detail: Sequence[Sequence[str]] = ()
    """A second table, header first: what the rows are made of."""

    @property
    def tables(self) -> list[Sequence[Sequence[str]]]:
        main: Sequence[Sequence[str]] = [HEADER, *(row.cells for row in self.rows)]
        return [main, self.detail] if self.detail else [main]

    def markdown(self, command: str, measured_at: datetime) -> str:
        lines = [f"## {self.title}", "", f"{measured_at:%Y-%m-%d %H:%M} UTC, `{command}`, {machine()}."]
        for header, *others in self.tables:
            lines += ["", _line(header), _line(["---"] * len(header)), *map(_line, others)]
        lines += [""] * bool(self.notes) + [f"* {note}" for note in self.notes]
        return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def machine() -> str:
    """Processors, memory, system and Python: what a result depends on, and nothing that names a machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    busy = psutil.getloadavg()[0]
    return (
        f"{cores} cores ({processor()}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}, "
        f"load average {busy:.1f}"
    )


def processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


def print_section(section: Section) -> None:
    """The tables as text, columns aligned."""
    print(f"\n{section.title}")
    for table in section.tables:
        widths = [max(len(cells[k]) for cells in table) for k in range(len(table[0]))]
        for cells in table:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
        print()
    for note in section.notes:
        print(f"  * {note}")
    sys.stdout.flush()


def write_results(sections: Sequence[Section], command: str, path: Path = RESULTS) -> None:
    """Put these sections into the file, each in place of the one it had under its title; the others stay."""
    now = datetime.now(UTC)
    kept = read_sections(path)
    kept |= {section.title: section.markdown(command, now) for section in sections}
    path.write_text("\n".join([PREAMBLE, *kept.values()]), encoding="utf-8")


def read_sections(path: Path) -> dict[str, str]:
    """The sections of a results file by title, in its order."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].removeprefix("## "): part.rstrip("\n") + "\n" for part in found}
