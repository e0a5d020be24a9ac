"""Counting one appointment in tests: what is used, and what is rejected."""

from __future__ import annotations

from restock.counting.appointments import (
    usage_of,
)
from tests.builders import NOON, appointment, rules


def counted(fields, at=NOON, **settings):
    return usage_of(fields, at, rules(**settings))


def parts_of(listed):
    return counted(appointment(parts=listed)).usage.parts


def reasons(fields, **settings):
    return [f"{found.field} {found.reason}" for found in counted(fields, **settings).rejections]
