"""What the benchmarks of this folder share: alternating runs, and what they ran on."""

from __future__ import annotations

import lzma
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cws.corpus import read_segmented

ROOT = Path(__file__).parent.parent
DOMAINS = ("news_science", "encyclopedia", "everyday", "literature", "law", "technical")


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


def raw_lines(corpora: Path, characters: int) -> list[str]:
    """Return lines of raw text with their line ends, as many characters from each of six domains."""
    lines = []
    for domain in DOMAINS:
        left = characters // len(DOMAINS)
        with lzma.open(corpora / "raw" / f"{domain}.txt.xz", "rt", encoding="utf-8") as file:
            for line in file:
                lines.append(line)
                left -= len(line)
                if left <= 0:
                    break
    return lines


def setting(*packages: str) -> dict[str, Any]:
    """Return commit, Python, processor, and the versions of the packages."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    path = Path("/proc/cpuinfo")
    lines = path.read_text().split("\n") if path.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {
        "commit": commit,
        "python": platform.python_version(),
        "processor": f"{model}, {os.cpu_count()} cores",
        "versions": {name: _version(name) for name in packages},
    }


def made_by(command: str, made: dict[str, Any]) -> str:
    """Return the sentence that says where figures come from."""
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    return f"Made by `{command}` at {made['commit'][:12]}, Python {made['python']}, {made['processor']}; {versions}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
