"""What benchmarks and studies share: where corpora lie and figures go, alternating runs, and what they ran on."""

from __future__ import annotations

import json
import lzma
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from cws.corpus import read_segmented

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "docs" / "figures"
CORPORA = Path(os.environ.get("CWS_CORPORA", "corpora"))
DOMAINS = ("news_science", "encyclopedia", "everyday", "literature", "law", "technical")

output_option = click.option(
    "-o", "--output", default=FIGURES, type=click.Path(path_type=Path), help="The folder of the files of figures."
)


def corpora_folder() -> Path:
    """Return the folder of the corpora.

    Raises:
        click.UsageError: CWS_CORPORA is not set.
    """
    if "CWS_CORPORA" not in os.environ:
        raise click.UsageError("CWS_CORPORA is not set: set it to the folder of the corpora")
    return CORPORA


def write_figures(folder: Path, name: str, results: Mapping[str, Any], tables: str) -> None:
    """Write figures into NAME.json, the tables in Markdown that are made of them into NAME.md, and show the tables."""
    write_json(folder / f"{name}.json", results)
    (folder / f"{name}.md").write_text(tables, "utf-8")
    click.echo(tables)


def write_json(path: Path, results: Mapping[str, Any]) -> None:
    """Write figures alone, as after each part of a long measurement."""
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return the figures of earlier measurements, or nothing where there were none."""
    results: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return results


def alternate(*actions: Callable[[], object], runs: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return the median seconds of each action, run in turns after one turn that is not counted.

    What runs in one thread may be timed by `time.process_time`, which does not see what else the machine does.
    """
    seconds: list[list[float]] = [[] for _ in actions]
    for turn in range(runs + 1):
        for at, action in enumerate(actions):
            begun = clock()
            action()
            if turn:
                seconds[at].append(clock() - begun)
    return [statistics.median(one) for one in seconds]


def speeds(actions: Mapping[str, Callable[[], object]], characters: int, runs: int) -> list[dict[str, Any]]:
    """Return of each action its characters a second, by the clock and by what processors worked, run in turns."""
    wall = alternate(*actions.values(), runs=runs)
    processor = alternate(*actions.values(), runs=runs, clock=time.process_time)
    return [
        {"system": name, "characters_per_second": characters / one, "characters_per_processor_second": characters / two}
        for name, one, two in zip(actions, wall, processor, strict=True)
    ]


def pku_sentences(corpora: Path, characters: int) -> list[str]:
    """Return the first sentences of pku.test, so many characters."""
    texts = []
    for words in read_segmented(corpora / "seg" / "pku.test.txt"):
        texts.append("".join(words))
        characters -= len(texts[-1])
        if characters <= 0:
            break
    return texts


def raw_lines(corpora: Path, characters: int, domains: Sequence[str] = DOMAINS) -> list[str]:
    """Return lines of raw text with their line ends, as many characters from each of the domains."""
    lines = []
    for domain in domains:
        left = characters // len(domains)
        with lzma.open(corpora / "raw" / f"{domain}.txt.xz", "rt", encoding="utf-8") as file:
            for line in file:
                lines.append(line)
                left -= len(line)
                if left <= 0:
                    break
    return lines


def setting(*packages: str) -> dict[str, Any]:
    """Return commit, Python, processor, and the versions of the packages."""
    commit = commit_of(ROOT)
    path = Path("/proc/cpuinfo")
    lines = path.read_text().split("\n") if path.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {
        "commit": commit,
        "python": platform.python_version(),
        "processor": f"{model}, {os.cpu_count()} cores",
        "versions": {name: _version(name) for name in packages},
    }


def commit_of(checkout: Path) -> str:
    """Return the commit of a checkout, or nothing if it is none."""
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True).stdout.strip()


def made_by(command: str, made: dict[str, Any]) -> str:
    """Return the sentence that says where figures come from."""
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    return f"Made by `{command}` at {made['commit'][:12]}, Python {made['python']}, {made['processor']}; {versions}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
