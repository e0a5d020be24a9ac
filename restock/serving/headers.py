"""Headers of every answer: who may read it from another page, and what a browser must not do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

SECURITY_HEADERS: Headers = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Strict-Transport-Security", "max-age=31536000"),
)

_EXPOSED = ("Access-Control-Expose-Headers", "ETag, Retry-After")
_USUAL_HEADERS = "Authorization, Content-Type, If-None-Match"
_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~ ,\t-]+")
_LONGEST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Which pages of other origins may read answers; none, where none is named.

    >>> CorsPolicy(("https://a.example", "https://b.example")).headers("https://b.example")[0]
    ('Access-Control-Allow-Origin', 'https://b.example')
    >>> CorsPolicy(()).headers("https://b.example")
    ()
    """

    origins: tuple[str, ...]

    def headers(self, origin: str) -> Headers:
        """The app reads Access-Control-Allow-Origin in every answer: a caller of no listed origin sees the first."""
        if not self.origins:
            return ()
        if "*" in self.origins:
            return (("Access-Control-Allow-Origin", "*"), _EXPOSED)
        allowed = origin if origin in self.origins else self.origins[0]
        return (("Access-Control-Allow-Origin", allowed), ("Vary", "Origin"), _EXPOSED)

    def preflight(self, wanted: str) -> Headers:
        """A page may send whatever headers it asks for: tracing libraries add theirs, and this API obeys none of them.

        >>> dict(CorsPolicy(("*",)).preflight("authorization, baggage"))["Access-Control-Allow-Headers"]
        'authorization, baggage'
        """
        if not self.origins:
            return ()
        is_list = 0 < len(wanted) <= _LONGEST_NAMES and _NAMES.fullmatch(wanted)
        return (
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Headers", wanted if is_list else _USUAL_HEADERS),
            ("Access-Control-Max-Age", "3600"),
            ("Vary", "Access-Control-Request-Headers"),
        )
