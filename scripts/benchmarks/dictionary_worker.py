"""One checkout of cws with one user dictionary, as benchmarks/dictionary.py runs two of them in turns.

It runs as `python -c`, in the folder of the checkout whose cws it imports, and asks of it only what every release has.
It opens the dictionary and writes a line of JSON; then one for each number of a piece of text that it reads. Each has
the seconds of the processor and the kilobytes that the process has more than before the dictionary.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import cws


def main(dictionary: str, text: str, pieces: int) -> None:
    """Answer questions until there are no more.

    Args:
        dictionary: A file, compiled by the same checkout.
        text: A file of lines.
        pieces: How many pieces it is cut into.
    """
    lines = Path(text).read_text("utf-8").split("\n")
    cws.load().segment_batch(lines)  # so that the model and its scratch memory are there
    before = _resident()
    begun = time.process_time()
    segmenter = cws.load(user_dictionary=dictionary)
    _answer(time.process_time() - begun, before)
    for question in sys.stdin:
        begun = time.process_time()
        for line in lines[int(question) :: pieces]:
            segmenter.segment(line)
        _answer(time.process_time() - begun, before)


def _answer(seconds: float, before: int) -> None:
    print(json.dumps({"seconds": seconds, "kilobytes": _resident() - before}), flush=True)


def _resident() -> int:
    """Return the kilobytes of the process that are in memory, of mapped files too."""
    lines = Path("/proc/self/status").read_text().split("\n")
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
