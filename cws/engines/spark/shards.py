"""Partial counts of n-grams cut into shards by first character, so that each can be merged somewhere else.

A window of n + 1 characters tells everything that is counted of the n-grams at its beginning
(docs/reference/ngram_counts.md). So who has all windows that begin with a character has all counts and neighbours of
all n-grams that begin with it.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import _native
from cws.lexicon.counting.blocks import MOST_FILES

_HEADER = struct.Struct("<8sII")  # magic, version, n: of a file of partial counts
_TRAILER = struct.Struct("<QQ8s")  # offset of the directory, its entries, magic
_ENTRY = np.dtype([("code", "<u4"), ("zero", "<u4"), ("count", "<u8"), ("offset", "<u8"), ("bytes", "<u8")])
_MAGIC, _VERSION = b"cwsngram", 1
_SHARD = struct.Struct("<III")  # of a shard: n, characters of the alphabet, sections
_SECTION = np.dtype([("number", "<u4"), ("count", "<u8"), ("bytes", "<u8")])  # number: its place in the alphabet


def shard_of(codes: NDArray[Any], shards: int) -> NDArray[np.int64]:
    """Return which shard each first character belongs to: neighbours in Unicode, and so in frequency, lie apart."""
    return ((codes.astype(np.uint64) * 2654435761 % (1 << 32)) >> 8).astype(np.int64) % shards


def cut_file(path: str, shards: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes of each shard of a file of partial counts that is not empty.

    The bytes: n, the alphabet in the order of the directory, which section is whose, and the sections as they are.
    """
    with open(path, "rb") as file:
        _, _, n = _HEADER.unpack(file.read(_HEADER.size))
        file.seek(-_TRAILER.size, os.SEEK_END)
        directory, count, _ = _TRAILER.unpack(file.read())
        file.seek(directory)
        entries = np.frombuffer(file.read(count * _ENTRY.itemsize), _ENTRY)
        alphabet = entries["code"].tobytes()
        shard = np.where(entries["bytes"] > 0, shard_of(entries["code"], shards), -1)
        for number in np.unique(shard[shard >= 0]).tolist():
            mine = np.flatnonzero(shard == number)
            sections = np.zeros(len(mine), _SECTION)
            sections["number"] = mine
            sections["count"], sections["bytes"] = entries["count"][mine], entries["bytes"][mine]
            parts = [_SHARD.pack(n, count, len(mine)), alphabet, sections.tobytes()]
            for entry in entries[mine]:
                file.seek(int(entry["offset"]))
                parts.append(file.read(int(entry["bytes"])))
            yield int(number), b"".join(parts)


def write_file(path: str, shard: bytes) -> None:
    """Write a shard as a file of partial counts."""
    n, characters, count = _SHARD.unpack_from(shard)
    at = _SHARD.size
    entries = np.zeros(characters, _ENTRY)
    entries["code"] = np.frombuffer(shard, "<u4", characters, at)
    sections = np.frombuffer(shard, _SECTION, count, at + 4 * characters)
    begin = at + 4 * characters + sections.nbytes
    numbers = sections["number"]
    entries["count"][numbers], entries["bytes"][numbers] = sections["count"], sections["bytes"]
    entries["offset"][numbers] = _HEADER.size + np.cumsum(sections["bytes"]) - sections["bytes"]
    with open(path, "wb") as file:
        file.write(_HEADER.pack(_MAGIC, _VERSION, n))
        file.write(memoryview(shard)[begin:])
        directory = file.tell()
        file.write(entries.tobytes())
        file.write(_TRAILER.pack(directory, characters, _MAGIC))


class ShardMerge:
    """Shards on the disk, without names, merged on the way so that they stay few."""

    def __init__(self) -> None:
        self.folder = tempfile.gettempdir()
        self._levels: list[list[_native.NgramFile]] = [[]]

    def add(self, shard: bytes) -> None:
        descriptor, path = tempfile.mkstemp(prefix="cws-", suffix=".ngrams")
        os.close(descriptor)
        try:
            write_file(path, shard)
            self._levels[0].append(_native.NgramFile(path))
        finally:
            os.unlink(path)
        level = 0
        while len(self._levels[level]) >= MOST_FILES:
            merged = _native.merge_ngram_files(self._levels[level], "", self.folder, None)
            self._levels[level] = []
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(merged)

    @property
    def files(self) -> list[_native.NgramFile]:
        return [file for level in self._levels for file in level]
