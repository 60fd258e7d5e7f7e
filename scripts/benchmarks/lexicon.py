#!/usr/bin/env python3
"""Time and memory of building a lexicon, beside SentencePiece's unigram trainer and nlp-zero's Word_Finder.

    pip install sentencepiece nlp-zero
    CWS_CORPORA=… python -m scripts.benchmarks.lexicon [--part speed] [--part large]

Writes docs/figures/benchmark_lexicon.*. Each build is a process of its own. `speed`: the same 50 MB for all, one
thread each; `--row` measures some rows anew and leaves the others as they are. `large`: 1 GB, once, as
`cws.lexicon.build` runs by itself, with 2 threads.
"""

from __future__ import annotations

import json
import lzma
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from cws.lexicon import BuildOptions
from cws.lexicon.counting.line_sample import sample_runs
from scripts.measuring import CORPORA, made_by, output_option, read_json, setting, write_figures

MEGABYTES, SLICE, LARGE = 50, 5, 1000  # of the speed text, its beginning, the large text
VOCABULARY = 32_000
LIMIT = 1800  # processor seconds after which a build is stopped
CLAUSE = re.compile(r"[^\n，。！？；：、]+[，。！？；：、]*")

TIMED = """
import json, resource, sys, time
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, ({limit}, {limit}))
path = sys.argv[1]
{imports}
begun, cpu = time.perf_counter(), time.process_time()
{action}
print("\\n" + json.dumps({{
    "seconds": time.perf_counter() - begun,
    "cpu_seconds": time.process_time() - cpu,
    "peak_mb": int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024,
    "words": words,
}}))
"""
CWS = (
    "from cws.lexicon import BuildOptions, build",
    "words = len(build([path], options=BuildOptions(goal={goal!r}), memory='2G', threads={threads}).lexicon.entries)",
)
SENTENCEPIECE = (
    "import sentencepiece",
    "sentencepiece.SentencePieceTrainer.train(input=path, model_prefix=path + '.model', vocab_size={vocabulary},"
    " model_type='unigram', hard_vocab_limit=False, num_threads=1, max_sentence_length=8192, minloglevel=2{more})\n"
    "words = len(open(path + '.model.vocab').readlines())",
)
# nlp-zero imports Iterable from where Python before 3.10 had it.
NLP_ZERO = (
    "import collections, collections.abc\n"
    "collections.Iterable = collections.abc.Iterable\n"
    "from nlp_zero import Word_Finder",
    "lines = open(path, encoding='utf-8').read().split('\\n')\n"
    "finder = Word_Finder()\n"
    "finder.train(lines)\n"
    "finder.find(lines)\n"
    "words = len(finder.words)",
)


def timed(kind: tuple[str, str], path: Path, **values: Any) -> dict[str, float]:
    """Return seconds, processor seconds, peak memory in MB and the number of words of one build, in its own process.

    Of a build that was stopped at LIMIT, only the processor seconds.
    """
    imports, action = (part.format(**values) if values else part for part in kind)
    code = TIMED.format(imports=imports, action=action, limit=LIMIT)
    done = subprocess.run([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return {"cpu_seconds": LIMIT}
    done.check_returncode()
    figures: dict[str, float] = json.loads(done.stdout.rsplit("\n", 2)[1])
    return figures


def raw_texts() -> dict[str, str]:
    """Return the text of each domain."""
    paths = sorted((CORPORA / "raw").glob("*.txt.xz"))
    return {path.name.split(".")[0]: lzma.open(path, "rt", encoding="utf-8").read() for path in paths}


def sampled_lines(size: int) -> list[bytes]:
    """Return lines of so many bytes in all, the domains evenly: those that are smaller than their share, whole."""
    chance = random.Random(1)
    domains = [text.encode().splitlines(keepends=True) for text in raw_texts().values()]
    domains.sort(key=lambda domain: sum(map(len, domain)))
    lines: list[bytes] = []
    for at, domain in enumerate(domains):
        chance.shuffle(domain)
        room = (size - sum(map(len, lines))) // (len(domains) - at)
        for line in domain:
            if len(line) > room:
                break
            lines.append(line)
            room -= len(line)
    chance.shuffle(lines)
    return lines


def recombined(size: int) -> Iterator[bytes]:
    """Yield lines of ten clauses, so many bytes in all, in which next to no clause but the shortest comes twice.

    The first pass over the corpora shuffles their clauses. Each later one joins the first half of each clause to the
    second half of another, so that there are new n-grams where they meet.
    """
    chance = random.Random(1)
    clauses = list({clause: None for text in raw_texts().values() for clause in CLAUSE.findall(text)})
    chance.shuffle(clauses)
    shift = 0
    while True:
        for begin in range(0, len(clauses), 10):
            line = clauses[begin : begin + 10]
            if shift:
                others = clauses[begin - shift : begin - shift + 10] or line
                line = [a[: len(a) // 2] + b[len(b) // 2 :] for a, b in zip(line, others, strict=False)]
            encoded = ("".join(line) + "\n").encode()
            if len(encoded) > size:
                return
            size -= len(encoded)
            yield encoded
        shift += 1_000_003


def measure_speed(folder: Path, runs: int, only: tuple[str, ...]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the name and figures of each build; medians where it is quick, one run where it takes minutes."""
    lines = sampled_lines(MEGABYTES * 10**6)
    whole, part = folder / "whole.txt", folder / "part.txt"
    whole.write_bytes(b"".join(lines))
    part.write_bytes(b"".join(lines[: len(lines) * SLICE // MEGABYTES]))
    more = f", input_sentence_size={lines_of_sample(lines)}, shuffle_input_sentence=True"
    trainer = partial(timed, SENTENCEPIECE, vocabulary=VOCABULARY)
    builds: dict[str, tuple[Callable[[Path], dict[str, float]], Path, int]] = {
        "cws, entropy": (partial(timed, CWS, goal="entropy", threads=1), whole, runs),
        "cws, entropy, 2 threads": (partial(timed, CWS, goal="entropy", threads=2), whole, runs),
        "cws, entropy, small": (partial(timed, CWS, goal="entropy", threads=1), part, runs),
        "nlp-zero": (partial(timed, NLP_ZERO), whole, 1),
        "cws, words": (partial(timed, CWS, goal="words", threads=1), whole, 1),
        "cws, words, small": (partial(timed, CWS, goal="words", threads=1), part, 1),
        "SentencePiece": (partial(trainer, more=""), whole, 1),
        "SentencePiece, small": (partial(trainer, more=""), part, 1),
        "SentencePiece, sample": (partial(trainer, more=more), whole, 1),
    }
    done: dict[str, list[dict[str, float]]] = {name: [] for name in only or builds}
    for turn in range(runs):
        for name in done:
            build, path, times = builds[name]
            if turn < times:
                done[name].append(build(path))
            if turn + 1 == times:
                medians = {key: statistics.median(one[key] for one in done[name]) for key in done[name][0]}
                yield name, {**medians, "megabytes": path.stat().st_size / 1e6, "runs": times}


def lines_of_sample(lines: list[bytes]) -> int:
    """Return how many lines hold as much as the sample that cws looks at."""
    texts = [line.decode() for line in lines]
    kept, whole = (sum(map(len, sample_runs(texts, most))) for most in (BuildOptions().sample, 10**12))
    return len(lines) * kept // whole


def measure_large(folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    path = folder / "large.txt"
    with path.open("wb") as file:
        file.writelines(recombined(LARGE * 10**6))
    for goal in ("words", "entropy"):
        figures = timed(CWS, path, goal=goal, threads=2)
        yield f"cws, {goal}, large", {**figures, "megabytes": path.stat().st_size / 1e6, "runs": 1}


NAMES = {
    "cws, entropy": "cws, goal entropy",
    "cws, entropy, 2 threads": "cws, goal entropy, 2 threads",
    "cws, words": "cws, goal words",
    "nlp-zero": "nlp-zero Word_Finder",
    "SentencePiece": "SentencePiece unigram",
    "SentencePiece, sample": "SentencePiece unigram, trained on a sample",
    "cws, entropy, small": "cws, goal entropy",
    "cws, words, small": "cws, goal words",
    "SentencePiece, small": "SentencePiece unigram",
    "cws, words, large": "cws, goal words, 2 threads",
    "cws, entropy, large": "cws, goal entropy, 2 threads",
}


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    rows = results["rows"]
    lines = [
        "# Building a lexicon: time and memory",
        "",
        made_by("CWS_CORPORA=… python -m scripts.benchmarks.lexicon", results["setting"]),
        "",
        "Each build is a process of its own. Other work shared the processor, so speeds and ratios are by processor",
        "seconds of the build; imports are not timed. Peak memory is the highest resident set of the process.",
        "",
        "| | text, MB | runs | seconds | processor seconds | MB per processor second | peak MB | words | commit |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, label in NAMES.items():
        if row := rows.get(name):
            size, commit = f"{row['megabytes']:.0f} | {row['runs']:.0f}", row["commit"][:12]
            figures = f"- | stopped at {row['cpu_seconds']:.0f} | < {speed(row):.3f} | - | -"
            if "seconds" in row:
                figures = f"{row['seconds']:.1f} | {row['cpu_seconds']:.1f} | {speed(row):.3f}"
                figures += f" | {row['peak_mb']:.0f} | {row['words']:,.0f}"
            lines.append(f"| {label} | {size} | {figures} | {commit} |")
    columns = [f"cws, {goal}{size}" for size in ("", ", small") for goal in ("words", "entropy")]
    lines += ["", "| times the speed of | words | entropy | words, 5 MB | entropy, 5 MB |"]
    lines.append("|---|" + "---:|" * len(columns))
    for peer in ("SentencePiece", "SentencePiece, sample", "SentencePiece, small", "nlp-zero"):
        ours = [rows.get(name) for name in columns]
        if peer in rows:
            least = "" if "seconds" in rows[peer] else "> "
            ratios = " | ".join(f"{least}{speed(row) / speed(rows[peer]):.1f}" if row else "-" for row in ours)
            lines.append(f"| {NAMES[peer]}, {rows[peer]['megabytes']:.0f} MB | {ratios} |")
    two, peer_row = rows.get("cws, entropy, 2 threads"), rows.get("nlp-zero")
    if two and peer_row and "seconds" in peer_row:
        ratio = peer_row["seconds"] / two["seconds"]
        shown = f"By the clock, goal entropy with two threads is {ratio:.1f} times as fast as nlp-zero, which has one."
        lines += ["", shown]
    return "\n".join([*lines, "", NOTES])


def speed(row: dict[str, float]) -> float:
    return row["megabytes"] / row["cpu_seconds"]


NOTES = f"""\
- 50 MB: lines of the raw corpora, the domains evenly, those smaller than their share whole; 5 MB: the first tenth of
  these lines. All on one thread; cws with memory 2G. cws counts all of the text, and looks at a sample of 2 to 4
  million characters in the steps after that; so its speed grows with the text.
- SentencePiece: unigram, vocabulary {VOCABULARY:,}, hard_vocab_limit false, num_threads 1, max_sentence_length 8192
  (no line is left out), the rest as is (character_coverage 0.9995, all lines). It trains on all of the text; in the row
  of the sample, on as many lines, drawn at random, as cws looks at.
- Rows of different commits are of different runs on the same machine and text. What else the machine does, slows
  processor seconds too, by up to a third; compare rows of one commit where you can.
- nlp-zero: Word_Finder() as is (min_proba 1e-7, min_pmi 1), train and find on the lines, filtering as is.
- 1 GB: the different clauses of all raw corpora, each once, in random order, ten a line; then again and again the first
  half of each clause with the second half of another, until there is 1 GB. So next to no clause but the shortest comes
  twice, and the seams make n-grams that natural text has not. Memory 2G.
"""


@click.command(help=__doc__)
@click.option("--part", "parts", multiple=True, type=click.Choice(["speed", "large"]), help="By default, both.")
@click.option(
    "--row", "rows", multiple=True, type=click.Choice(list(NAMES)), help="Of the part speed; by default, all."
)
@click.option("--runs", default=3, show_default=True, help="Of the quick builds.")
@output_option
def main(parts: tuple[str, ...], rows: tuple[str, ...], runs: int, output: Path) -> None:
    path = output / "benchmark_lexicon.json"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        measures = {"speed": lambda: measure_speed(folder, runs, rows), "large": lambda: measure_large(folder)}
        for part in parts or measures:
            for name, figures in measures[part]():
                results = read_json(path) or {"rows": {}}
                results["setting"] = setting("cws", "numpy", "sentencepiece", "nlp-zero")
                results["rows"][name] = {**figures, "commit": results["setting"]["commit"]}
                write_figures(output, path.stem, results, render(results))


if __name__ == "__main__":
    main()
