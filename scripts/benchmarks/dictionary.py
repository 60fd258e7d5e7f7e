"""Measure user dictionaries and write docs/figures/benchmark_dictionary.*: what they cost, and which weight is good.

    pip install ".[bench]"
    CWS_CORPORA=… python -m scripts.benchmarks.dictionary --other CHECKOUT

The cost is the processor's time of `segment` on raw text of six domains with a dictionary, relative to that without:
the sum of the medians of alternating runs over small pieces of the text. The weights are tried on ctb6.dev, with the
words of that text that the model cannot know from its training corpus as the dictionary, and with a list of terms that
has nothing to do with it. `--other` names another checkout of cws, built in place: both segment in turns with the same
words, each in a process of its own and with a dictionary that it has compiled itself.
"""

from __future__ import annotations

import functools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

import cws
from cws.corpus import read_segmented
from cws.metrics import score
from cws.user_dictionary import UserDictionary
from cws.word_list import jieba_word_list, read_word_list
from scripts.measuring import (
    CORPORA,
    ROOT,
    alternate,
    commit_of,
    made_by,
    output_option,
    raw_lines,
    read_json,
    setting,
    write_figures,
)  # fmt: skip

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

MILLION = 1_000_000
PIECES = 24  # of the text: on a machine that others use, a hundredth of a second each time is as quiet as it gets
SUFFIXES = ("公司", "集团", "酒店", "大厦", "软件", "系统", "手机", "平台", "中心", "学院")
WEIGHTS: tuple[float, ...] = (2, 4, 6, 8, 10, 12, 15, 20)
STRENGTHS: dict[str, float | str | None] = {**{str(weight): weight for weight in WEIGHTS}, "decided": None, "!": "!"}
SIZES = (10_000, 100_000, 600_000)  # entries that another checkout has too
WORKER = Path(__file__).with_name("dictionary_worker.py")


def known_words() -> list[str]:
    """Return the words of all lists: general words, names, terms."""
    lists = [read_word_list(path) for path in sorted((CORPORA / "lexicons").glob("*.txt"))]
    return list(dict.fromkeys(word for words in [*lists, jieba_word_list()] for word in words))


def names(words: list[str], suffixes: Sequence[str] = SUFFIXES) -> list[str]:
    """Return a million made-up names of companies and products: two common words and what it is."""
    chance = random.Random(1)
    parts = [word for word in words if len(word) == 2]
    made: dict[str, None] = {}
    while len(made) < MILLION:
        made[chance.choice(parts) + chance.choice(parts) + chance.choice(suffixes)] = None
    return list(made)


def measure_cost(characters: int) -> dict[str, Any]:
    """Return what loading and segmenting cost, for dictionaries of several sizes and kinds."""
    lines = [line.rstrip("\n") for line in raw_lines(CORPORA, characters)]
    words = known_words()
    lists = {
        "two words": ["云计算", "人工智能"],
        f"{MILLION:,} names": names(words),
        f"{MILLION:,} names, no suffix": names(words, [""]),
        f"{len(words):,} general words": words,
    }
    segmenters = {"none": cws.load()}
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, entries in lists.items():
            text, compiled = Path(folder, "words.txt"), Path(folder, f"{len(rows)}.dict")
            text.write_text("\n".join(entries) + "\n", encoding="utf-8")
            begun = time.perf_counter()
            dictionary = UserDictionary.read(text)
            read = time.perf_counter()
            dictionary.save(compiled)
            saved = time.perf_counter()
            segmenters[name] = cws.load(user_dictionary=compiled)
            opened = time.perf_counter()
            rows[name] = {
                "entries": len(dictionary), "text_seconds": read - begun, "compile_seconds": saved - read,
                "compiled_seconds": opened - saved, "bytes": compiled.stat().st_size,
            }  # fmt: skip
            click.echo(f"{name}: {rows[name]}", err=True)

        def run(segmenter: cws.Segmenter, piece: list[str]) -> None:
            for line in piece:
                segmenter.segment(line)

        seconds = dict.fromkeys(segmenters, 0.0)
        for piece in [lines[at::PIECES] for at in range(PIECES)]:
            actions = [functools.partial(run, segmenter, piece) for segmenter in segmenters.values()]
            medians = alternate(*actions, runs=9, clock=time.process_time)
            for name, median in zip(segmenters, medians, strict=True):
                seconds[name] += median
    for name, row in rows.items():
        row["cost"] = seconds[name] / seconds["none"] - 1
    return {"characters": sum(map(len, lines)), "seconds": seconds["none"], "rows": rows}


class Checkout:
    """A checkout of cws that segments a text with a dictionary, in a process of its own.

    Args:
        folder: The checkout.
        words: The dictionary, a text file of words.
        text: What it segments, cut into PIECES.
    """

    def __init__(self, folder: Path, words: Path, text: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        compiled = words.with_name(f"{words.stem}-{id(self)}.dict")
        command = [sys.executable, "-m", "cws", "dictionary", "compile", str(words), "-o", str(compiled)]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER.read_text("utf-8"), str(compiled), str(text), str(PIECES)],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.opened = self._answer()

    def segment(self, piece: int) -> dict[str, float]:
        """Return the seconds of a piece, and the kilobytes that the dictionary takes by then."""
        assert self._process.stdin
        self._process.stdin.write(f"{piece}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer


def compare(other: Path, characters: int) -> list[dict[str, Any]]:
    """Return the seconds and kilobytes of this checkout and another, for dictionaries of general words."""
    words = known_words()
    random.Random(1).shuffle(words)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        text, listed = Path(folder, "text.txt"), Path(folder, "words.txt")
        text.write_text("".join(raw_lines(CORPORA, characters)), "utf-8")
        for size in SIZES:
            listed.write_text("\n".join(words[:size]) + "\n", "utf-8")
            checkouts = [Checkout(one, listed, text) for one in (ROOT, other)]
            seconds = [0.0, 0.0]
            for piece in range(PIECES):
                answers = [[one.segment(piece)["seconds"] for one in checkouts] for _ in range(9)]
                seconds = [
                    total + statistics.median(one)
                    for total, one in zip(seconds, zip(*answers, strict=True), strict=True)
                ]
            kilobytes = [one.segment(0)["kilobytes"] for one in checkouts]
            opened = [one.opened["seconds"] for one in checkouts]
            for one in checkouts:
                one.close()
            rows.append({"entries": size, "seconds": seconds, "kilobytes": kilobytes, "opened_seconds": opened})
            click.echo(str(rows[-1]), err=True)
    return rows


def measure_loading() -> dict[str, float]:
    """Return the seconds that a hundred thousand words take, as cws and jieba load them from a text file."""
    words = names(known_words())[:100_000]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "words.txt")
        path.write_text("\n".join(words) + "\n", encoding="utf-8")
        tokenizer = jieba.Tokenizer()
        tokenizer.initialize()
        ours, theirs = alternate(lambda: UserDictionary.read(path), lambda: tokenizer.load_userdict(str(path)), runs=3)
    return {"words": len(words), "cws": ours, "jieba": theirs}


def measure_weights() -> list[dict[str, Any]]:
    """Return F1 on ctb6.dev for weights of entries, by model and dictionary."""
    sentences = list(read_segmented(CORPORA / "seg" / "ctb6.dev.txt"))
    texts = ["".join(words) for words in sentences]
    gold = {word for words in sentences for word in words if len(word) > 1 and min(word) >= "一" and max(word) <= "鿿"}
    rows = []
    for model, corpus in (("ctb", "ctb6.train"), ("pku", "pku.train")):
        trained = {word for words in read_segmented(CORPORA / "seg" / f"{corpus}.txt") for word in words}
        terms = list(read_word_list(CORPORA / "lexicons" / "thuocl.txt"))
        for name, words in (("unknown words of the text", sorted(gold - trained)), ("foreign terms", terms)):
            row = {"none": score(sentences, cws.load(model).segment_batch(texts)).f1}
            for strength, weight in STRENGTHS.items():
                segmenter = cws.load(model)
                for word in words:
                    segmenter.add_word(word, weight)
                row[strength] = score(sentences, segmenter.segment_batch(texts)).f1
            rows.append({"model": model, "dictionary": name, "entries": len(words), "f1": row})
            click.echo(f"{model}, {name}: {row}", err=True)
    return rows


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    cost, loading = results["cost"], results["loading"]
    lines = [
        "# User dictionaries: cost and weights",
        "",
        made_by("CWS_CORPORA=… python -m scripts.benchmarks.dictionary --other CHECKOUT", results["setting"]),
        "",
        f"## What a dictionary costs `segment`, model pku, {cost['characters']:,} characters of six domains",
        "",
        "| dictionary | entries | read from text | compiled in | opened, compiled | size | `segment` takes longer by |",
        "|---|" + "---:|" * 6,
    ]
    lines += [
        f"| {name} | {row['entries']:,} | {row['text_seconds']:.2f} s | {row['compile_seconds']:.2f} s"
        f" | {row['compiled_seconds']:.3f} s | {row['bytes'] / 1e6:.1f} MB | {100 * row['cost']:.0f} % |"
        for name, row in cost["rows"].items()
    ]
    lines += [
        "",
        "A name is two common words and one of ten suffixes, 公司 or 酒店. Of the names hardly one stands in the text,"
        " as with most dictionaries of names. Those without a suffix are the hardest: all that is left is two words in"
        " a row, and text is full of that. A general word begins almost everywhere, and each that the model does not"
        " take for one is weighed against the model.",
        "",
        f"Reading {loading['words']:,} words from text: cws {loading['cws']:.2f} s, jieba.load_userdict"
        f" {loading['jieba']:.2f} s ({loading['jieba'] / loading['cws']:.0f}×).",
        "",
        *render_comparison(results),
        "## Which strength: F1 on ctb6.dev, in percent",
        "",
        "| model | dictionary | entries | none | " + " | ".join(STRENGTHS) + " |",
        "|---|---|" + "---:|" * (len(STRENGTHS) + 2),
    ]
    lines += [
        f"| {row['model']} | {row['dictionary']} | {row['entries']:,} | "
        + " | ".join(f"{100 * value:.2f}" for value in row["f1"].values())
        + " |"
        for row in results["weights"]
    ]
    return "\n".join(lines) + "\n"


def render_comparison(results: dict[str, Any]) -> list[str]:
    """Return the table of two checkouts, none where there was one."""
    if "comparison" not in results:
        return []
    lines = [
        f"## This checkout, of decided words, and that of {results['other']}, of words of 15 nats", "",
        "| general words | `segment`, this one | the other | ratio | memory, this one | the other | ratio |",
        "|---:|" + "---:|" * 6,
    ]  # fmt: skip
    for row in results["comparison"]:
        (ours, theirs), (our_memory, their_memory) = row["seconds"], row["kilobytes"]
        lines.append(
            f"| {row['entries']:,} | {ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f} | {our_memory / 1e3:.1f} MB"
            f" | {their_memory / 1e3:.1f} MB | {our_memory / their_memory:.2f} |"
        )
    return [*lines, ""]


@click.command(help=__doc__)
@output_option
@click.option("--other", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="CHECKOUT",
              help="Another checkout, to compare with.")  # fmt: skip
@click.option("--parts", default="cost,loading,weights", show_default=True, help="What to measure beside --other.")
@click.option("--characters", default=2_000_000, show_default=True, help="Characters to segment.")
def main(output: Path, characters: int, other: Path | None, parts: str) -> None:
    jieba.setLogLevel(60)
    output.mkdir(parents=True, exist_ok=True)
    results = read_json(output / "benchmark_dictionary.json")  # of the parts that are not measured again
    results["setting"] = setting("jieba")
    measures = {"cost": lambda: measure_cost(characters), "loading": measure_loading, "weights": measure_weights}
    results |= {part: measures[part]() for part in parts.split(",") if part}
    if other:
        results["comparison"] = compare(other.resolve(), characters)
        results["other"] = commit_of(other)[:12]
    write_figures(output, "benchmark_dictionary", results, render(results))


if __name__ == "__main__":
    main()
