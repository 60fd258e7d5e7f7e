"""Score the bundled models and other segmenters by readers' marks, gold and consistency; write docs/figures/readers.*.

    CWS_CORPORA=… python -m scripts.benchmarks.readers [--peer NAME=PYTHON]… [--model DIR]…

Readers' objections are to `readers/sentences.txt` of the corpora, and to `corpora/sentences/marks.txt` of this
repository. A peer runs in a process of its own, with the Python of `--peer` (it may be of another environment), else
with this one; a peer that is not installed there is left out, and the page says so.
"""

from __future__ import annotations

import json
import lzma
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import click

import cws
from cws.corpus import read_marks, read_segmented
from cws.errors import InputError
from cws.metrics import score, score_marks
from scripts.benchmarks import peer_worker
from scripts.consistency import CHUNK, MOST, chunks_of, count_uneven
from scripts.measuring import ROOT, corpora_folder, made_by, output_option, setting, write_figures

MARKS = {"readers": "readers/sentences.txt", "own": "corpora/sentences/marks.txt"}
GOLD = {
    "pku.test": "seg/pku.test.txt",
    "ctb6.test": "seg/ctb6.test.txt",
    "sxu.test": "seg/sxu.test.txt",
    "ud.test": "seg/ud.test.txt",
    "zx.dev": "seg/foreign/zx.dev.txt",
    "medical.dev": "seg/foreign/medical.dev.txt",
    "pud": "seg/foreign/pud.txt",
}
RAW = "raw/everyday.txt.xz"
COLUMNS = f"""\
- **readers**, **own**: wrong cuts and wrong joins for each 100 demanded words (cuts + joins), by
  [readers' marks](../reference/text_files.md#readers-marks). *Readers* is `{MARKS["readers"]}` of the corpora, today's
  text of six domains, and a development set: models of cws are chosen by it. *Own* is `{MARKS["own"]}`
  of this repository; models of cws may have learned from it.
- **F1** in percent, on text without white space, and its mean over these corpora. Each corpus has a guideline of its
  own, and a system that learned another does worse by it. Any system may have learned from the training parts of them.
  *pud* is in traditional characters, which not every system was made for.
- **uneven**: in percent, how many of the words of two and more ideographs that stand twice or more in {CHUNK:,}
  characters of `{RAW}` are cut somewhere, between the same boundaries. Some of it is true ambiguity.
"""
Segmentations = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Material:
    """Texts, and what is measured of their words.

    Attributes:
        column: What the figures are called.
        texts: What every system segments.
        measure: The figures of the words of each text, which spell it with its white space.
    """

    column: str
    texts: list[str]
    measure: Callable[[Segmentations], dict[str, Any]]


def of_marks(column: str, path: Path) -> Material:
    """Return the sentences of a file of readers' marks; measured are objections."""
    sentences = list(read_marks(path))
    texts = [sentence.text for sentence in sentences]
    return Material(column, texts, lambda words: score_marks(sentences, words).as_dict())


def of_gold(column: str, path: Path) -> Material:
    """Return the sentences of a segmented corpus, without white space; measured is F1."""
    gold = list(read_segmented(path))
    return Material(column, ["".join(words) for words in gold], lambda words: score(gold, words).as_dict())


def of_raw(column: str, path: Path) -> Material:
    """Return the lines of chunks of raw text; measured is the share of repeated words that are cut somewhere."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        chunks = [chunk.split("\n") for chunk in chunks_of(file.read(MOST))]

    def measure(words: Segmentations) -> dict[str, Any]:
        lines = iter(words)
        counts = [count_uneven(_joined(islice(lines, len(chunk)))) for chunk in chunks]
        repeated, uneven = (sum(column) for column in zip(*counts, strict=True))
        return {"repeated": repeated, "uneven": uneven, "share": uneven / repeated if repeated else 0.0}

    return Material(column, [line for chunk in chunks for line in chunk], measure)


def _joined(lines: Iterator[Sequence[str]]) -> list[str]:
    return [word for line in lines for word in (*line, "\n")]


def materials(corpora: Path) -> list[Material]:
    """Return everything that is measured, in the order of the columns."""
    return [
        of_marks("readers", corpora / MARKS["readers"]),
        of_marks("own", ROOT / MARKS["own"]),
        *(of_gold(column, corpora / path) for column, path in GOLD.items()),
        of_raw("uneven", corpora / RAW),
    ]


def respell(text: str, words: Sequence[str]) -> list[str]:
    """Return words that spell the text, cut where the words of a peer are; a blank is a word.

    Peers leave out white space, or write full-width characters in half width: what counts is the number of characters.

    Raises:
        InputError: The words have more or fewer characters than the text, whatever the white space.
    """
    ends = list(accumulate(len("".join(word.split())) for word in words))
    length = len("".join(text.split()))
    if (ends or [0])[-1] != length:
        raise InputError(f"the words must spell {length} characters of {text[:20]!r}, got {words[:10]}")
    spelled, written, inner = [""], 0, set(ends)
    for character in text:
        if character.isspace():
            spelled += [character, ""]
            continue
        spelled[-1] += character
        written += 1
        if written in inner:
            spelled.append("")
    return [word for word in spelled if word]


def ask_peer(name: str, python: str, texts: Sequence[str]) -> tuple[dict[str, str], list[list[str]]] | None:
    """Return the versions of a peer, and its words of each text; None if it is not installed.

    Raises:
        click.ClickException: The peer failed, or its Python cannot be run.
    """
    command = [python, "-c", Path(peer_worker.__file__).read_text("utf-8"), name]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    # A peer sees its own environment, and computes on one core, as cws does here.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, input=lines, capture_output=True, text=True, env=environment)
    except OSError as error:
        raise click.ClickException(f"--peer {name}={python}: {error.strerror}") from error
    if done.returncode == peer_worker.NOT_INSTALLED:
        return None
    if done.returncode:
        raise click.ClickException(f"{name} failed:\n{done.stderr[-2000:]}")
    versions, *words = map(json.loads, done.stdout.splitlines())
    return versions, [respell(*pair) for pair in zip(texts, words, strict=True)]


def measure(every: Sequence[Material], words: Segmentations) -> dict[str, Any]:
    """Return the figures of one system by column; words of all texts of all materials, one after another."""
    rest = iter(words)
    return {one.column: one.measure(list(islice(rest, len(one.texts)))) for one in every}


def mean_f1(figures: Mapping[str, Any]) -> float:
    """Return the mean F1 over all gold corpora, each weighing the same."""
    return statistics.fmean(figures[column]["f1"] for column in GOLD)


def explain(results: Mapping[str, Any]) -> str:
    """Return what the columns are, in Markdown."""
    without = ", ".join(results["not_installed"])
    return COLUMNS + (f"- Not installed, so not measured: {without}.\n" if without else "")


def render(results: Mapping[str, Any]) -> str:
    """Return the page in Markdown, the systems in the order of readers' objections."""
    command = "CWS_CORPORA=… python -m scripts.benchmarks.readers [--peer NAME=PYTHON]…" + results["options"]
    columns = ["readers", "own", *GOLD, "mean F1", "uneven"]
    lines = [
        "# Segmenters as readers see them",
        "",
        made_by(command, results["setting"]),
        "",
        explain(results),
        f"| system | {' | '.join(columns)} |",
        "|---|" + "---:|" * len(columns),
    ]
    systems = results["systems"]
    for name in sorted(systems, key=lambda name: float(systems[name]["readers"]["per_hundred"])):
        lines.append(f"| {name} | {' | '.join(cells(systems[name]))} |")
    return "\n".join(lines) + "\n"


def cells(figures: Mapping[str, Any]) -> list[str]:
    """Return the cells of a system's row."""
    marks = [figures[column] for column in MARKS]
    return [
        *(f"{one['per_hundred']:.2f} ({one['wrong_cuts']} + {one['wrong_joins']})" for one in marks),
        *(f"{100 * figures[column]['f1']:.2f}" for column in GOLD),
        f"{100 * mean_f1(figures):.2f}",
        f"{100 * figures['uneven']['share']:.2f}",
    ]


def parse_peers(peers: Sequence[str]) -> dict[str, str]:
    """Return the Python of each peer: that of NAME=PYTHON, else this one.

    Raises:
        click.UsageError: A name that is none of a peer, or no Python.
    """
    pythons = dict.fromkeys(peer_worker.PEERS, sys.executable)
    for peer in peers:
        name, _, python = peer.partition("=")
        if name not in pythons or not python:
            raise click.UsageError(f"expected --peer NAME=PYTHON, NAME one of {', '.join(pythons)}, got {peer}")
        pythons[name] = python
    return pythons


@click.command(help=__doc__)
@click.option("--peer", "peers", multiple=True, metavar="NAME=PYTHON", help="The Python where a peer is installed.")
@click.option("--model", "models", multiple=True, metavar="DIR", help="Another model of cws.")
@output_option
def main(peers: Sequence[str], models: Sequence[str], output: Path) -> None:
    pythons = parse_peers(peers)
    every = materials(corpora_folder())
    texts = [text for one in every for text in one.texts]
    made = setting()
    made["versions"]["cws"] = cws.__version__
    systems: dict[str, Any] = {}
    for model in (*cws.models(), *models):
        click.echo(f"cws {model} …", err=True)
        systems[f"cws {Path(model).name}"] = measure(every, list(cws.load(model).segment_batch(texts)))
    for name, python in pythons.items():
        click.echo(f"{name} …", err=True)
        if answer := ask_peer(name, python, texts):
            made["versions"][name] = answer[0]["version"]
            systems[name] = measure(every, answer[1])
    missing = [name for name in pythons if name not in systems]
    options = " --model DIR" * len(models)
    results = {"setting": made, "options": options, "not_installed": missing, "systems": systems}
    write_figures(output, "readers", results, render(results))


if __name__ == "__main__":
    main()
