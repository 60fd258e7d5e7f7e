"""Compare cws.compat.jieba with jieba and rjieba, in one run, and write docs/figures/benchmark_jieba.*.

    pip install ".[bench]"
    CWS_CORPORA=… python -m scripts.benchmarks.jieba [--compare CHARACTERS]

Speeds are medians of alternating runs and given as ratios. Differing lines are counted against jieba, in every mode,
over evenly spread lines of every file of the corpora; `--compare 0` takes whole files, which takes jieba hours.
"""

from __future__ import annotations

import json
import logging
import lzma
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import rjieba

import cws.compat.jieba as ours
import cws.compat.jieba.posseg as our_posseg
from scripts.measuring import CORPORA, alternate, made_by, output_option, raw_lines, setting, write_figures

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba
    import jieba.posseg

RUNS = 5
USER_LIST = "lexicons/jionlp_idioms.txt"


def timed(actions: dict[str, Callable[[], object]], runs: int = RUNS) -> dict[str, float]:
    """Return the median seconds of each action, by name."""
    return dict(zip(actions, alternate(*actions.values(), runs=runs), strict=True))


def each(call: Callable[[str], object], lines: list[str]) -> Callable[[], object]:
    def run() -> None:
        for line in lines:
            call(line)

    return run


def measure_throughput(characters: int) -> list[dict[str, Any]]:
    """Return characters a second: the default mode on all lines, the others, and tags, on fewer for jieba's sake."""
    rows = []
    modes: list[tuple[str, int, dict[str, Callable[[str], object]]]] = [
        ("lcut", 1, {"cws": ours.lcut, "rjieba": rjieba.cut, "jieba": jieba.lcut}),
        (
            "lcut, HMM=False",
            10,
            {
                "cws": lambda text: ours.lcut(text, HMM=False),
                "rjieba": lambda text: rjieba.cut(text, False),
                "jieba": lambda text: jieba.lcut(text, HMM=False),
            },
        ),
        (
            "lcut, cut_all=True",
            10,
            {
                "cws": lambda text: ours.lcut(text, cut_all=True),
                "rjieba": rjieba.cut_all,
                "jieba": lambda text: jieba.lcut(text, cut_all=True),
            },
        ),
        (
            "lcut_for_search",
            10,
            {"cws": ours.lcut_for_search, "rjieba": rjieba.cut_for_search, "jieba": jieba.lcut_for_search},
        ),
        ("posseg.lcut", 20, {"cws": our_posseg.lcut, "rjieba": rjieba.tag, "jieba": jieba.posseg.lcut}),
    ]
    for name, share, calls in modes:
        lines = raw_lines(CORPORA, characters // share)
        size = sum(map(len, lines))
        seconds = timed({system: each(call, lines) for system, call in calls.items()})
        speeds = {system: size / one for system, one in seconds.items()}
        rows.append({"mode": name, "characters": size, "bytes": sum(len(line.encode()) for line in lines), **speeds})
        click.echo(f"{name}: {speeds}", err=True)
    return rows


def measure_user_list(characters: int) -> dict[str, Any]:
    """Return what a user dictionary costs."""
    path = str(CORPORA / USER_LIST)
    lines = raw_lines(CORPORA, characters // 4)
    size = sum(map(len, lines))
    plain, loaded = ours.Tokenizer(), ours.Tokenizer()
    loaded.initialize()
    with open(path, encoding="utf-8") as file:
        words = [line.split()[0] for line in file]
    begun = time.perf_counter()
    loaded.load_userdict(words)
    load = time.perf_counter() - begun
    seconds = timed({"without": each(plain.lcut, lines), "with": each(loaded.lcut, lines)})
    return {"words": len(words), "load_seconds": load, **{name: size / one for name, one in seconds.items()}}


def measure_start() -> dict[str, float]:
    """Return the seconds of a new process that imports and segments once."""
    commands = {
        "cws": "import cws.compat.jieba as jieba; jieba.lcut('今天')",
        "rjieba": "import rjieba; rjieba.cut('今天')",
        "jieba": "import jieba; jieba.setLogLevel(60); jieba.lcut('今天')",
        "python": "",
    }

    def start(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)

    return timed({name: start(code) for name, code in commands.items()}, runs=7)


def modes(one: Any, posseg: Any) -> dict[str, Callable[[str], object]]:
    """Return what is compared."""

    def tags(text: str, hmm: bool) -> list[tuple[str, str]]:
        return [(pair.word, pair.flag) for pair in posseg.lcut(text, HMM=hmm)]

    return {
        "lcut": one.lcut,
        "lcut, HMM=False": lambda text: one.lcut(text, HMM=False),
        "lcut, cut_all=True": lambda text: one.lcut(text, cut_all=True),
        "lcut_for_search": one.lcut_for_search,
        "lcut_for_search, HMM=False": lambda text: one.lcut_for_search(text, HMM=False),
        "tokenize": lambda text: list(one.tokenize(text)),
        'tokenize, mode="search"': lambda text: list(one.tokenize(text, mode="search")),
        "posseg.lcut": lambda text: tags(text, True),
        "posseg.lcut, HMM=False": lambda text: tags(text, False),
    }


def corpus_lines(path: Path, characters: int) -> list[str]:
    """Return evenly spread lines of a file, of about so many characters; all of them for 0."""
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as file:
        lines = list(file)
    if path.parent.name == "seg":
        lines = [line.replace(" ", "") for line in lines]
    step = max(1, sum(map(len, lines)) // characters) if characters else 1
    return lines[::step]


def count_differences(characters: int, chosen: tuple[str, ...] = ()) -> dict[str, dict[str, int]]:
    """Return for each mode, or those chosen, how many lines and characters were compared, and how many lines differ."""
    rows: dict[str, dict[str, int]] = {}
    mine, theirs = modes(ours, our_posseg), modes(jieba, jieba.posseg)
    mine = {mode: call for mode, call in mine.items() if not chosen or mode in chosen}
    files = sorted(path for path in CORPORA.rglob("*") if path.is_file())
    for path in files:
        lines = corpus_lines(path, characters)
        for mode in mine:
            part = lines[::10] if mode == "posseg.lcut" else lines  # jieba tags slowly
            row = rows.setdefault(mode, {"files": 0, "lines": 0, "characters": 0, "differing_lines": 0})
            row["files"] += 1
            row["lines"] += len(part)
            row["characters"] += sum(map(len, part))
            row["differing_lines"] += sum(mine[mode](line) != theirs[mode](line) for line in part)
        click.echo(f"compared {path.name}: {sum(row['differing_lines'] for row in rows.values())} differ", err=True)
    return rows


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    made, start, user = results["setting"], results["start"], results["user_list"]
    lines = [
        "# cws.compat.jieba: equality and speed",
        "",
        made_by(f"CWS_CORPORA=… python -m scripts.benchmarks.jieba --compare {results['compare']}", made),
        "Speeds are medians of alternating runs in one process; compare the ratios, not the absolute figures.",
        "",
        "## Lines of the corpora whose result differs from jieba's",
        "",
        "| mode | files | lines | characters | differing lines |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{mode}` | {row['files']} | {row['lines']:,} | {row['characters']:,} | {row['differing_lines']} |"
        for mode, row in results["differences"].items()
    ]
    lines += ["", "## Throughput, six domains, a line a call, one thread (million characters/s)", ""]
    lines += ["| mode | characters | cws | rjieba | jieba | cws : rjieba | cws : jieba |", "|---|" + "---:|" * 6]
    lines += [
        f"| `{row['mode']}` | {row['characters']:,} | {row['cws'] / 1e6:.2f} | {row['rjieba'] / 1e6:.2f}"
        f" | {row['jieba'] / 1e6:.3f} | {row['cws'] / row['rjieba']:.1f}× | {row['cws'] / row['jieba']:.0f}× |"
        for row in results["throughput"]
    ]
    lines += [
        "",
        f"With a user dictionary of {user['words']:,} words, loaded in {user['load_seconds']:.2f} s, `lcut` runs at"
        f" {user['with'] / user['without']:.2f}× its speed without.",
        "",
        "## A new process: import and first `lcut` (seconds)",
        "",
        "| cws | rjieba | jieba, with its cache | an empty process |",
        "|---:|---:|---:|---:|",
        f"| {start['cws']:.3f} | {start['rjieba']:.3f} | {start['jieba']:.3f} | {start['python']:.3f} |",
    ]
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@output_option
@click.option("--compare", default=50_000, show_default=True, help="Characters of each file to compare; 0: all.")
@click.option("--mode", "chosen", multiple=True, type=click.Choice(list(modes(ours, our_posseg))),
              help="Only compare, and only this mode; print the result, write no file.")  # fmt: skip
@click.option("--characters", default=2_000_000, show_default=True, help="Characters to time the default mode on.")
def main(output: Path, compare: int, chosen: tuple[str, ...], characters: int) -> None:
    jieba.setLogLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        jieba.dt.tmp_dir = folder  # jieba's cache
        jieba.initialize()
    if chosen:
        click.echo(json.dumps(count_differences(compare, chosen), indent=1))
        return
    results: dict[str, Any] = {"setting": setting("jieba", "rjieba"), "compare": compare}
    results["start"] = measure_start()
    results["throughput"] = measure_throughput(characters)
    results["user_list"] = measure_user_list(characters)
    results["differences"] = count_differences(compare)
    write_figures(output, "benchmark_jieba", results, render(results))


if __name__ == "__main__":
    main()
