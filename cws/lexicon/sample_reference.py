"""What a sample is, in plain Python: `cws.lexicon.counting.line_sample` gives the same for any text."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from cws.lexicon.symbols import runs


def sample_reference(lines: Iterable[str], characters: int) -> list[str]:
    """Return the runs of a share of lines, as `cws.lexicon.counting.line_sample.sample_runs` does.

    The share is of those lines whose checksums end in so many zeros that it is not too large.
    """
    kept = sorted((crc32(line.encode("utf-8", "surrogatepass")), found) for line in lines if (found := runs(line)))
    bits = 0
    while bits < 32 and sum(len(found) for _, found in kept) > characters:
        bits += 1
        kept = [(checksum, found) for checksum, found in kept if checksum % (1 << bits) == 0]
    return [run for _, found in kept for run in found.split("\n")]
