"""Units found in raw text: how many of each type, and some to read.

    CWS_CORPORA=… python -m scripts.studies.units [count] [seed]

A million characters: twelve pieces of each of six domains. The spans that are printed are drawn from all, in [[ ]].
"""

from __future__ import annotations

import lzma
import os
import random
import sys
from collections import Counter
from pathlib import Path

from cws.units import find_units
from scripts.measuring import DOMAINS

CHARACTERS, PIECES, AROUND = 1_000_000, 12, 10


def pieces(corpora: Path) -> list[str]:
    length = CHARACTERS // len(DOMAINS) // PIECES
    found = []
    for domain in DOMAINS:
        with lzma.open(corpora / "raw" / f"{domain}.txt.xz", "rt", encoding="utf-8") as file:
            text = file.read()
        step = len(text) // PIECES
        found += [text[at : at + length] for at in range(0, step * PIECES, step)]
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    spans, types = [], Counter[str]()
    for text in pieces(Path(os.environ["CWS_CORPORA"])):
        for start, end, kind in find_units(text):
            types[kind] += 1
            shown = f"{text[max(0, start - AROUND) : start]}[[{text[start:end]}]]{text[end : end + AROUND]}"
            spans.append(f"{kind}\t{shown}".replace("\n", "⏎"))
    print(f"{len(spans)} units:", ", ".join(f"{kind} {number}" for kind, number in types.most_common()))
    print("\n".join(random.Random(seed).sample(spans, min(count, len(spans)))))


if __name__ == "__main__":
    main()
