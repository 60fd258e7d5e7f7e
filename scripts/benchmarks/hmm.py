"""Measure the hidden Markov models against snownlp, the same family in pure Python; write docs/figures/benchmark_hmm.*.

    pip install ".[bench]"
    CWS_CORPORA=… python -m scripts.benchmarks.hmm

All are trained on the training part of pku. F1 is on its test set; speeds are medians of alternating runs, as ratios.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from snownlp import seg as snownlp_seg
from snownlp.seg.seg import Seg

import cws
from cws.corpus import read_segmented
from cws.metrics import score
from cws.training.hmm import train_hmm
from cws.training.hmm_options import HmmOptions
from scripts.measuring import CORPORA, alternate, made_by, output_option, setting, write_figures

RUNS = 5
SAMPLE = 300  # sentences for speeds: snownlp takes its time


def train_snownlp(path: Path, folder: Path) -> tuple[Seg, float]:
    """Return the peer trained on the corpus, which it wants as character/tag, and the seconds that took."""
    lines = []
    for words in read_segmented(path):
        characters = []
        for word in words:
            tags = ["s"] if len(word) == 1 else ["b", *"m" * (len(word) - 2), "e"]
            characters += [f"{c}/{tag}" for c, tag in zip(word, tags, strict=True) if c != "/"]
        lines.append(" ".join(characters))
    tagged = folder / "tagged.txt"
    tagged.write_text("\n".join(lines), encoding="utf-8")
    begun = time.perf_counter()
    peer = Seg()
    peer.train(str(tagged))
    return peer, time.perf_counter() - begun


def measure(folder: Path) -> list[dict[str, Any]]:
    train, test = (CORPORA / "seg" / f"pku.{part}.txt" for part in ("train", "test"))
    gold = list(read_segmented(test))
    texts = ["".join(words) for words in gold]
    sentences = list(read_segmented(train))
    vocabulary = {word for words in sentences for word in words}
    systems: dict[str, Callable[[str], list[str]]] = {}
    seconds: dict[str, float] = {}
    for order in (1, 2):
        runs = []
        for _ in range(3):
            begun = time.perf_counter()
            train_hmm(sentences, folder / f"hmm{order}", options=HmmOptions(order=order))
            runs.append(time.perf_counter() - begun)
        name = f"cws, order {order}"
        seconds[name] = statistics.median(runs)
        systems[name] = cws.load(folder / f"hmm{order}").segment
    peer, seconds["snownlp"] = train_snownlp(train, folder)
    snownlp_seg.segger = peer  # its own way in: runs of Chinese characters through the model, the rest by white space
    systems["snownlp"] = snownlp_seg.seg

    sample = texts[:SAMPLE]
    characters = sum(map(len, sample))

    def run(segment: Callable[[str], list[str]]) -> Callable[[], object]:
        return lambda: [segment(text) for text in sample]

    speeds = dict(zip(systems, alternate(*map(run, systems.values()), runs=RUNS), strict=True))
    rows = []
    for name, segment in systems.items():
        counts = score(gold, map(segment, texts), vocabulary)
        rows.append(
            {
                "system": name,
                **counts.as_dict(),
                "characters_per_second": characters / speeds[name],
                "training_seconds": seconds[name],
            }
        )
    return rows


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    rows = results["rows"]
    (peer,) = (row for row in rows if row["system"] == "snownlp")
    lines = [
        "# Hidden Markov models",
        "",
        made_by("CWS_CORPORA=… python -m scripts.benchmarks.hmm", results["setting"]),
        "All trained on pku.train, tested on pku.test (SIGHAN scorer, percent); one thread, a sentence a call.",
        "",
        "| system | P | R | F1 | OOV recall | million characters/s | ratio | training, s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        figures = " | ".join(f"{100 * row[name]:.2f}" for name in ("precision", "recall", "f1", "oov_recall"))
        speed = row["characters_per_second"]
        lines.append(
            f"| {row['system']} | {figures} | {speed / 1e6:.3f} | {speed / peer['characters_per_second']:.0f}× |"
            f" {row['training_seconds']:.1f} |"
        )
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@output_option
def main(output: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        results = {"setting": setting("cws", "snownlp"), "rows": measure(Path(temporary))}
    write_figures(output, "benchmark_hmm", results, render(results))


if __name__ == "__main__":
    main()
