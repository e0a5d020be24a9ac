"""Answers compressed for callers who read gzip. The framework has imported zlib anyway: the start pays nothing."""

from __future__ import annotations

import zlib

SMALLEST_BYTES = 1400  # below one network packet nothing is won
LEVEL = 1  # JSON shrinks about eightfold already; higher levels cost more time than the wire saves
_GZIP_FORMAT = 31


def accepts_gzip(accept_encoding: str | None) -> bool:
    """
    >>> accepts_gzip("br, gzip;q=0.8"), accepts_gzip("gzip;q=0"), accepts_gzip("identity"), accepts_gzip(None)
    (True, False, False, False)
    """
    for entry in (accept_encoding or "").lower().split(","):
        coding, _, quality = entry.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "").rstrip("0").rstrip(".") != "q="
    return False


def gzip(body: bytes) -> bytes:
    """The same body for the same bytes: no time in the header."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP_FORMAT)
    return compressor.compress(body) + compressor.flush()
