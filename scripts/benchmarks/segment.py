"""Measure cws against rjieba and jieba on the same text, in one run, and write docs/figures/benchmark_segment.*.

    pip install ".[bench]"
    CWS_CORPORA=… python -m scripts.benchmarks.segment

Speeds are medians of alternating runs and given as ratios, of the default model with units. F1 is on the test sets, of
the bundled model of each standard, without units.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import jieba
import rjieba

import cws
from cws.corpus import read_segmented
from cws.metrics import score
from scripts.measuring import CORPORA, alternate, made_by, output_option, raw_lines, setting, write_figures

RUNS = 7
DOMAINS = ("news_science", "encyclopedia", "everyday", "literature")


def sample(characters: int) -> list[str]:
    """Return paragraphs of raw text, a quarter of the characters from each of four domains."""
    return [line.rstrip("\n") for line in raw_lines(CORPORA, characters, DOMAINS)]


def process(arguments: Sequence[str]) -> tuple[float, float]:
    """Run a Python process; return its seconds and its peak memory in MB."""
    code = (
        "import os,sys,time,subprocess,resource;t=time.perf_counter();"
        "subprocess.run(sys.argv[1:],check=True,stderr=subprocess.DEVNULL);"
        "print(time.perf_counter()-t,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, sys.executable, *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(out[-2]), int(out[-1]) / (1024 if sys.platform != "darwin" else 1 << 20)


def measure_quality() -> list[dict[str, Any]]:
    rows = []
    for name, model in (("pku", "pku"), ("ctb6", "ctb"), ("sxu", "sxu"), ("ud", "ud")):
        gold = list(read_segmented(CORPORA / "seg" / f"{name}.test.txt"))
        vocabulary = {word for words in read_segmented(CORPORA / "seg" / f"{name}.train.txt") for word in words}
        texts = ["".join(words) for words in gold]
        systems: dict[str, Callable[[str], list[str]]] = {
            "cws": cws.load(model, units=False).segment,
            "rjieba": rjieba.cut,
            "jieba": jieba.lcut,
        }
        for system, segment in systems.items():
            counts = score(gold, map(segment, texts), vocabulary)
            rows.append({"corpus": f"{name}.test", "system": system, **counts.as_dict()})
    return rows


def measure_throughput() -> list[dict[str, Any]]:
    rows = []
    news = ["".join(words) for words in read_segmented(CORPORA / "seg" / "pku.test.txt")]
    segmenter = cws.load(cws.models()[0])
    for name, paragraphs in (
        ("pku.test, a sentence a call", news),
        ("four domains, a paragraph a call", sample(2_000_000)),
    ):
        characters = sum(map(len, paragraphs))
        ours, theirs = alternate(
            lambda p=paragraphs: [segmenter.segment(text) for text in p],
            lambda p=paragraphs: [rjieba.cut(text) for text in p],
            runs=RUNS,
        )
        rows.append({"text": name, "characters": characters, "cws": characters / ours, "rjieba": characters / theirs})
    whole = "\n".join(sample(2_000_000))
    ours, theirs = alternate(lambda: segmenter.segment(whole), lambda: rjieba.cut(whole), runs=RUNS)
    rows.append(
        {
            "text": "four domains, one call",
            "characters": len(whole),
            "cws": len(whole) / ours,
            "rjieba": len(whole) / theirs,
        }
    )
    small = whole[:100_000]
    ours, theirs = alternate(lambda: segmenter.segment(small), lambda: jieba.lcut(small), runs=5)
    rows.append(
        {
            "text": "four domains, one call",
            "characters": len(small),
            "cws": len(small) / ours,
            "jieba": len(small) / theirs,
        }
    )
    return rows


def measure_files(folder: Path) -> dict[str, Any]:
    text = "\n".join(sample(8_000_000) * 4)
    path, out = folder / "input.txt", folder / "output.txt"
    path.write_text(text, encoding="utf-8")
    lines = text.split("\n")
    ours, theirs = alternate(
        lambda: process(["-m", "cws", "segment", str(path), "-o", str(out), "--threads", "2"]),
        lambda: [rjieba.cut(line) for line in lines],
        runs=5,
    )
    _, memory = process(["-m", "cws", "segment", str(path), "-o", str(out), "--threads", "2"])
    return {
        "characters": len(text),
        "cws": len(text) / ours,
        "rjieba_in_memory": len(text) / theirs,
        "memory_mb": memory,
    }


def measure_start() -> dict[str, Any]:
    commands = {
        "cws": "import cws; cws.segment('今天')",
        "rjieba": "import rjieba; rjieba.cut('今天')",
        "jieba": "import jieba; jieba.setLogLevel(60); jieba.lcut('今天')",
        "python": "",
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    memory = {}
    for turn in range(RUNS + 1):
        for name, code in commands.items():
            took, memory[name] = process(["-c", code])
            if turn:
                seconds[name].append(took)
    return {name: {"seconds": statistics.median(seconds[name]), "memory_mb": memory[name]} for name in commands}


def measure_training(folder: Path) -> dict[str, Any]:
    corpus = str(CORPORA / "seg" / "pku.train.txt")
    runs = [
        process(["-m", "cws", "train", "--train", corpus, "-o", str(folder / "pku"), "--overwrite"]) for _ in range(3)
    ]
    return {"seconds": statistics.median(one for one, _ in runs), "memory_mb": max(one for _, one in runs)}


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    lines = [
        "# Segmentation: accuracy, speed, start",
        "",
        made_by("CWS_CORPORA=… python -m scripts.benchmarks.segment", results["setting"]),
        "Speeds are medians of alternating runs in one process; compare the ratios, not the absolute figures.",
        "",
        "## Accuracy on the test sets (SIGHAN scorer, percent)",
        "",
        "The cws models are the bundled ones of each standard (../guide/models.md), without units. jieba and rjieba",
        "follow a standard of their own: their figures say how far their words are from each corpus's, no more.",
        "",
        "| corpus | system | P | R | F1 | OOV recall |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in results["quality"]:
        figures = " | ".join(f"{100 * row[name]:.2f}" for name in ("precision", "recall", "f1", "oov_recall"))
        lines.append(f"| {row['corpus']} | {row['system']} | {figures} |")
    lines += [
        "",
        "## Throughput of `segment()` to lists of `str`, one thread, default model, units (million characters/s)",
        "",
    ]
    lines += ["| text | cws | peer | ratio |", "|---|---:|---:|---:|"]
    for row in results["throughput"]:
        peer = "rjieba" if "rjieba" in row else "jieba"
        lines.append(
            f"| {row['text']} ({row['characters']:,} characters) | {row['cws'] / 1e6:.1f} |"
            f" {peer} {row[peer] / 1e6:.2f} | {row['cws'] / row[peer]:.1f}× |"
        )
    files, start, training = results["files"], results["start"], results["training"]
    lines += ["", "## The rest", "", "| what | cws | peer | ratio |", "|---|---:|---:|---:|"]
    lines.append(
        f"| `cws segment` file to file, 2 threads, {files['characters']:,} characters, start included, against"
        f" `rjieba.cut` of the lines in memory | {files['cws'] / 1e6:.1f} M/s"
        f" | rjieba {files['rjieba_in_memory'] / 1e6:.1f} M/s | {files['cws'] / files['rjieba_in_memory']:.1f}× |"
    )
    lines.append(f"| its peak memory | {files['memory_mb']:.0f} MB | | |")
    for peer in ("rjieba", "jieba"):
        ratio = start["cws"]["seconds"] / start[peer]["seconds"]
        lines.append(
            f"| new process, import and first `segment` | {1000 * start['cws']['seconds']:.0f} ms,"
            f" {start['cws']['memory_mb']:.0f} MB | {peer} {1000 * start[peer]['seconds']:.0f} ms,"
            f" {start[peer]['memory_mb']:.0f} MB | {ratio:.2f}× the time |"
        )
    lines.append(f"| (an empty Python process) | {1000 * start['python']['seconds']:.0f} ms | | |")
    lines.append(
        f"| `cws train --train pku.train.txt`, dev taken from it | {training['seconds']:.1f} s,"
        f" {training['memory_mb']:.0f} MB | | |"
    )
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@output_option
def main(output: Path) -> None:
    jieba.setLogLevel(60)
    results: dict[str, Any] = {"setting": setting("cws", "rjieba", "jieba")}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        steps: dict[str, Callable[[], Any]] = {
            "throughput": measure_throughput,
            "files": lambda: measure_files(folder),
            "start": measure_start,
            "training": lambda: measure_training(folder),
            "quality": measure_quality,
        }
        for name, step in steps.items():
            click.echo(f"{name} …", err=True)
            results[name] = step()
    write_figures(output, "benchmark_segment", results, render(results))


if __name__ == "__main__":
    main()
