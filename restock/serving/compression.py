"""Answers compressed for callers who read gzip, the app's own client among them.

An answer is a short head with clocks in it, which no two answers share, and a long tail prepared once per model. The
tail is compressed once, too: deflate's blocks stand one after the other, so a head stored as it is can go before them.

    gzip header │ stored block: head │ deflated blocks: tail │ checksum and length of both
"""

from __future__ import annotations

import struct
import zlib
from functools import cached_property

SMALLEST_BYTES = 1400  # below one network packet nothing is won
LEVEL = 1  # JSON shrinks about eightfold already; higher levels cost more time than the wire saves
HIGHEST_LEVEL = 9  # for what is sent for months as it is
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time: the same bytes for the same answer


class Encoded:
    """The tail of an answer as it was encoded, and its deflated blocks once somebody wants them."""

    def __init__(self, tail: bytes, level: int = LEVEL) -> None:
        self.tail = tail
        self._level = level

    @property
    def size(self) -> int:
        """In memory, with its deflated blocks and what Python adds to each object."""
        return len(self.tail) + len(self.tail) // 4 + 1000

    @property
    def is_deflated(self) -> bool:
        return "_deflated" in self.__dict__

    def deflate(self) -> None:
        """Do it now rather than for the first who asks."""
        self._deflated  # noqa: B018 - kept by being looked at

    def gzip(self, head: bytes) -> tuple[bytes, ...]:
        """
        >>> import gzip
        >>> gzip.decompress(b"".join(Encoded(b"tail" * 9).gzip(b"head, ")))
        b'head, tailtailtailtailtailtailtailtailtail'
        """
        stored = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF)
        checksum = zlib.crc32(self.tail, zlib.crc32(head))
        length = (len(head) + len(self.tail)) & 0xFFFFFFFF
        return _HEADER + stored + head, self._deflated, struct.pack("<II", checksum, length)

    @cached_property
    def _deflated(self) -> bytes:
        compressor = zlib.compressobj(self._level, zlib.DEFLATED, -zlib.MAX_WBITS)
        return compressor.compress(self.tail) + compressor.flush()
