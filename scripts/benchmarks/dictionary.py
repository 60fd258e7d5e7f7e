"""Measure user dictionaries and write docs/figures/benchmark_dictionary.*: what they cost, and which weight is good.

    pip install ".[bench]"
    CWS_CORPORA=… python -m scripts.benchmarks.dictionary

The cost is the processor's time of `segment` on raw text of six domains with a dictionary, relative to that without:
the sum of the medians of alternating runs over small pieces of the text. The weights are tried on ctb6.dev, with the
words of that text that the model cannot know from its training corpus as the dictionary, and with a list of terms that
has nothing to do with it.
"""

from __future__ import annotations

import functools
import random
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
from scripts.measuring import CORPORA, alternate, made_by, output_option, raw_lines, setting, write_figures

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

MILLION = 1_000_000
PIECES = 24  # of the text: on a machine that others use, a hundredth of a second each time is as quiet as it gets
SUFFIXES = ("公司", "集团", "酒店", "大厦", "软件", "系统", "手机", "平台", "中心", "学院")
WEIGHTS: tuple[float | str, ...] = (2, 4, 6, 8, 10, 12, 15, 20, "!")


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
            for weight in WEIGHTS:
                segmenter = cws.load(model)
                for word in words:
                    segmenter.add_word(word, weight)
                row[str(weight)] = score(sentences, segmenter.segment_batch(texts)).f1
            rows.append({"model": model, "dictionary": name, "entries": len(words), "f1": row})
            click.echo(f"{model}, {name}: {row}", err=True)
    return rows


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    cost, loading = results["cost"], results["loading"]
    lines = [
        "# User dictionaries: cost and weights",
        "",
        made_by("CWS_CORPORA=… python -m scripts.benchmarks.dictionary", results["setting"]),
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
        "## Which weight: F1 on ctb6.dev, in percent",
        "",
        "| model | dictionary | entries | none | " + " | ".join(map(str, WEIGHTS)) + " |",
        "|---|---|" + "---:|" * (len(WEIGHTS) + 2),
    ]
    lines += [
        f"| {row['model']} | {row['dictionary']} | {row['entries']:,} | "
        + " | ".join(f"{100 * value:.2f}" for value in row["f1"].values())
        + " |"
        for row in results["weights"]
    ]
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@output_option
@click.option("--characters", default=2_000_000, show_default=True, help="Characters to segment.")
def main(output: Path, characters: int) -> None:
    jieba.setLogLevel(60)
    output.mkdir(parents=True, exist_ok=True)
    results = {
        "setting": setting("jieba"), "cost": measure_cost(characters), "loading": measure_loading(),
        "weights": measure_weights(),
    }  # fmt: skip
    write_figures(output, "benchmark_dictionary", results, render(results))


if __name__ == "__main__":
    main()
