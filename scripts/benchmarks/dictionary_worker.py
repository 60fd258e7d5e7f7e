"""One checkout of cws with one user dictionary, as benchmarks/dictionary.py runs two of them in turns.

It imports the cws of PYTHONPATH, and asks of it only what every release has. It opens the dictionary that it is given,
writes a line of JSON with what that took, and then one more for each number of a piece of text that it reads.
"""

from __future__ import annotations

import json
import resource
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
    before = _peak()
    begun = time.process_time()
    segmenter = cws.load(user_dictionary=dictionary)
    seconds = time.process_time() - begun
    segmenter.segment_batch(lines[:1000])
    print(json.dumps({"seconds": seconds, "kilobytes": _peak() - before}), flush=True)
    for question in sys.stdin:
        begun = time.process_time()
        for line in lines[int(question) :: pieces]:
            segmenter.segment(line)
        print(json.dumps({"seconds": time.process_time() - begun, "kilobytes": _peak() - before}), flush=True)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # on Linux in kilobytes


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
