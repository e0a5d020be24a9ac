"""Headers of every answer: who may read it from another page, and what a browser must not do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

SECURITY_HEADERS: Headers = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Strict-Transport-Security", "max-age=31536000"),
)

_ANY_ORIGIN: Headers = (("Access-Control-Allow-Origin", "*"),)

PREFLIGHT_HEADERS: Headers = (
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match"),
    ("Access-Control-Max-Age", "3600"),
)


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Which pages of other origins may read answers.

    >>> CorsPolicy(("https://a.example", "https://b.example")).headers({"Origin": "https://b.example"}.get)
    (('Access-Control-Allow-Origin', 'https://b.example'), ('Vary', 'Origin'))
    """

    origins: tuple[str, ...]

    def headers(self, header: Callable[[str], str | None]) -> Headers:
        """The app reads Access-Control-Allow-Origin in every answer: a caller of no listed origin sees the first."""
        if "*" in self.origins:
            return _ANY_ORIGIN
        origin = header("Origin")
        allowed = origin if origin in self.origins else self.origins[0]
        return (("Access-Control-Allow-Origin", allowed or self.origins[0]), ("Vary", "Origin"))
