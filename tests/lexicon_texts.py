"""Texts of made-up words, and every segmentation of a short one."""

from __future__ import annotations

import random
from itertools import product

from hypothesis import strategies as st

HAN = "一丁上下"
MADE_F1 = {"words": 0.7, "information": 0.7, "entropy": 0.7, "autonomy": 0.5}  # what every method must reach
RUNS = st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=6), min_size=1, max_size=8)
WORDS = st.dictionaries(st.text(st.sampled_from(HAN), min_size=1, max_size=3), st.integers(1, 50), max_size=12)


def made_text(sentences: int = 600, seed: int = 1) -> tuple[list[str], list[list[str]]]:
    """Sentences of made-up words, and their words."""
    generator = random.Random(seed)
    characters = [chr(0x6000 + at) for at in range(500)]
    vocabulary = ["".join(generator.sample(characters, generator.choice((1, 2, 2, 2, 3)))) for _ in range(150)]
    weights = [1 / (rank + 5) for rank in range(len(vocabulary))]
    lines = [generator.choices(vocabulary, weights, k=generator.randint(3, 9)) for _ in range(sentences)]
    return ["".join(line) for line in lines], lines


def segmentations(run: str) -> list[list[str]]:
    """Every way to cut a run into words."""
    result = []
    for cuts in product([False, True], repeat=len(run) - 1):
        words, begin = [], 0
        for at, is_cut in enumerate((*cuts, True), 1):
            if is_cut:
                words.append(run[begin:at])
                begin = at
        result.append(words)
    return result
