"""Measure what segmenting a text as one document gives, and print a table in Markdown.

    CWS_CORPORA=… python -m scripts.studies.document

F1 is of dev sets of other standards, each taken as one document. Consistency is of raw text: of the words that a model
makes and that stand at two places of a chunk of 4,000 characters or more, the share that is cut somewhere, between the
same ends. Some of it is true ambiguity.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

import cws
from cws import document
from cws.corpus import read_segmented
from cws.document import evidence_of
from cws.metrics import score
from cws.segmenter import Segmenter
from scripts.measuring import corpora_folder

MODELS = ("pku", "ctb")
DEV = ("foreign/zx.dev", "foreign/medical.dev", "foreign/pud", "ctb6.dev")
RAW = ("everyday", "literature")
CHUNK, EVERY, CHARACTERS = 4000, 4, 400_000
NEVER = 2.0  # more than any normalised PMI
DESIGNS: dict[str, dict[str, float]] = {
    "agreement alone": {"COHESIVE": NEVER},
    "agreement alone, its log-odds once": {"COHESIVE": NEVER, "SCALE": 1.0},
    "cohesion alone": {"SCALE": 0.0},
    "both, as it is": {},
    "its log-odds once": {"SCALE": 1.0},
    "its log-odds three times": {"SCALE": 3.0},
    "cohesive from 0.6": {"COHESIVE": 0.6},
    "cohesive from 0.75": {"COHESIVE": 0.75},
    "cohesive from 0.8": {"COHESIVE": 0.8},
    "cohesion 3 nats": {"COHESION": 3.0},
    "cohesion 7 nats": {"COHESION": 7.0},
    "parts of longer strings too": {"NESTED": 1.0},
    "strings that stand at 4 places": {"LEAST_COUNT": 4},
    "strings of at most 4 ideographs": {"LONGEST": 4},
    "joints of two words only": {"MOST_WORDS": 2},
}

Segment = Callable[[str], list[str]]


@contextmanager
def constants(values: dict[str, float]) -> Iterator[None]:
    """Have other constants in `cws.document`."""
    before = {name: getattr(document, name) for name in values}
    for name, value in values.items():
        setattr(document, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(document, name, value)


def f1(segment: Segment, gold: Sequence[Sequence[str]]) -> float:
    """Return F1, in percent, of sentences that are one document."""
    words = segment("".join("".join(sentence) + "\n" for sentence in gold))
    predicted: list[list[str]] = [[]]
    for word in words:
        if word == "\n":
            predicted.append([])
        else:
            predicted[-1].append(word)
    return 100 * score(gold, predicted[:-1]).f1


def unevenness(segment: Segment, text: str) -> tuple[int, int]:
    """Return how many repeated words a text has, and how many of them are also cut between the same ends."""
    cuts, words = {0}, segment(text)
    at = 0
    for word in words:
        at += len(word)
        cuts.add(at)
    repeated = uneven = 0
    for word in {word for word in words if re.fullmatch("[\u4e00-\u9fff]{2,}", word)}:
        places = [(match.start(), match.start() + len(word)) for match in re.finditer(f"(?={word})", text)]
        if len(places) > 1:
            repeated += 1
            uneven += any({begin, end} <= cuts and not cuts.isdisjoint(range(begin + 1, end)) for begin, end in places)
    return repeated, uneven


def share_uneven(segment: Segment, text: str) -> float:
    """Return the share of repeated words that are cut in two ways, in percent, in every fourth chunk of a text."""
    begins = range(0, len(text) - CHUNK, CHUNK * EVERY)
    counts = [unevenness(segment, text[begin : begin + CHUNK]) for begin in begins]
    return 100 * sum(uneven for _, uneven in counts) / sum(repeated for repeated, _ in counts)


def first_characters(path: Path) -> str:
    """Return the beginning of a compressed text."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return file.read(CHARACTERS)


@click.command(help=__doc__)
def main() -> None:
    corpora = corpora_folder()
    gold = [list(read_segmented(corpora / "seg" / f"{name}.txt")) for name in DEV]
    raw = [first_characters(corpora / "raw" / f"{name}.txt.xz") for name in RAW]
    segmenters = [cws.load(model) for model in MODELS]

    def row(name: str, segment: Callable[[Segmenter], Segment]) -> str:
        figures = [
            *(f"{f1(segment(one), sentences):.2f}" for one in segmenters for sentences in gold),
            *(f"{share_uneven(segment(one), text):.2f}" for one in segmenters for text in raw),
        ]
        return f"| {name} | " + " | ".join(figures) + " |"

    def adapted(segmenter: Segmenter, text: str) -> Segment:
        return segmenter.with_evidence(evidence_of([segmenter.segment(text)])).segment

    names = [
        *(f"{model}, {name.rpartition('/')[2]}" for model in MODELS for name in DEV),
        *(f"{model}, {name}" for model in MODELS for name in RAW),
    ]
    click.echo(f"| | {' | '.join(names)} |\n|---|{'---:|' * len(names)}")
    click.echo(row("sentence by sentence", lambda segmenter: segmenter.segment))
    for name, values in DESIGNS.items():
        with constants(values):
            click.echo(row(name, lambda segmenter: segmenter.segment_document))
    figures = [f"{share_uneven(adapted(one, text), text):.2f}" for one in segmenters for text in raw]
    click.echo(f"\nConsistency of the chunks, all of a raw text being one document: {', '.join(figures)}")


if __name__ == "__main__":
    main()
