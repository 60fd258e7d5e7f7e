"""What finding units costs, beside segmenting the same text with and without them, with the pku model in one thread.

CWS_CORPORA=… python -m scripts.benchmarks.units
"""

from __future__ import annotations

import os
import re
import time
from functools import partial
from pathlib import Path

import cws
from cws.units import boundaries
from scripts.measuring import alternate, made_by, pku_sentences, setting

RUNS = 15
ADDRESSES = "见 https://www.example.com/a/b.html?x=1&y=2 和 foo@example.com 在 /usr/local/bin 里。"


def main() -> None:
    news = "".join(pku_sentences(Path(os.environ["CWS_CORPORA"]), 1 << 30))
    texts = {
        "news, pku.test": news,
        "news without ASCII": re.sub("[\x00-\x7f]", "", news),
        "addresses": ADDRESSES * 5000,
        "English": "The quick brown fox jumps over 13 lazy dogs. " * 5000,
    }
    segmenters = cws.load("pku"), cws.load("pku", units=False)
    print(made_by("python -m scripts.benchmarks.units", setting("numpy")))
    for name, text in texts.items():
        actions = (boundaries, *(segmenter.segment for segmenter in segmenters))
        seconds = alternate(*(partial(action, text) for action in actions), runs=RUNS, clock=time.process_time)
        units, words, without = (1e9 * one / len(text) for one in seconds)
        print(
            f"{name}: units {units:.2f} ns a character, segmenting {words:.1f}, without units {without:.1f} "
            f"({words / without:.3f} of its time)"
        )


if __name__ == "__main__":
    main()
