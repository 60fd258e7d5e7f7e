#!/usr/bin/env python3
"""Time, memory and disk of counting n-grams, beside a dictionary in Python and scikit-learn's CountVectorizer.

    python -m scripts.benchmarks.count TEXT [--threads 2] [--memory 2G]

TEXT is a large file of UTF-8. The peers count character n-grams of order 1 to 4 in its first megabytes, without
neighbours; their times and ours are medians of five runs in turns. Then three processes count the whole file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

from cws.lexicon.counting.count import count_texts
from cws.lexicon.reference import runs
from scripts.measuring import FIGURES, alternate, made_by, setting, write_figures

ORDER = 4
WHOLE = """
import json, sys, time
from pathlib import Path
from cws.lexicon.counting.count import count
begun, cpu = time.perf_counter(), time.process_time()
counts = count([sys.argv[1]], n=4, min_count=int(sys.argv[4]), memory=sys.argv[2], threads=int(sys.argv[3]))
print(json.dumps({
    "seconds": time.perf_counter() - begun,
    "cpu_seconds": time.process_time() - cpu,
    "peak_mb": int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024,
    "characters": counts.characters,
    "kept": [len(table.counts) for table in counts.tables],
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="2G")
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--sample-mb", type=int, default=3)
    parser.add_argument("--output", type=Path, default=FIGURES, help="The folder of the files of figures.")
    arguments = parser.parse_args()
    made = setting("cws", "numpy", "scikit-learn")
    made["sample"] = measure_sample(arguments.text, arguments.sample_mb)
    command = [sys.executable, "-c", WHOLE, arguments.text, arguments.memory, arguments.threads, arguments.min_count]
    done = [json.loads(subprocess.check_output(list(map(str, command)))) for _ in range(3)]
    made["whole"] = {
        **done[0],
        **{name: statistics.median(one[name] for one in done) for name in ("seconds", "cpu_seconds", "peak_mb")},
        "megabytes": arguments.text.stat().st_size / 1e6,
        "threads": arguments.threads,
        "memory": arguments.memory,
        "min_count": arguments.min_count,
    }
    write_figures(arguments.output, "benchmark_count", made, report(made))


def measure_sample(path: Path, megabytes: int) -> dict[str, float]:
    """Return seconds for the same text, all on one thread."""
    with path.open("rb") as file:
        text = file.read(megabytes * 10**6).decode("utf-8", "ignore")
    pieces = list(runs([text]))
    actions = {"cws": lambda: count_texts([text], n=ORDER, threads=1), "dictionary": lambda: count_slices(pieces)}
    try:
        from sklearn.feature_extraction.text import CountVectorizer

        actions["scikit-learn"] = lambda: CountVectorizer(analyzer="char", ngram_range=(1, ORDER)).fit_transform(pieces)
    except ImportError:
        pass
    return {"megabytes": megabytes, **dict(zip(actions, alternate(*actions.values(), runs=5), strict=True))}


def count_slices(pieces: list[str]) -> Counter[str]:
    counts = Counter[str]()
    for piece in pieces:
        for order in range(1, ORDER + 1):
            counts.update([piece[at : at + order] for at in range(len(piece) - order + 1)])
    return counts


def report(made: dict) -> str:
    sample, whole = made["sample"], made["whole"]
    lines = ["# Counting n-grams: time and memory", ""]
    lines += [f"{sample['megabytes']} MB, n = {ORDER}, one thread; cws also counts neighbours.", ""]
    lines += ["| | seconds | ratio |", "|---|---|---|"]
    for name in ("cws", "dictionary", "scikit-learn"):
        if name in sample:
            lines.append(f"| {name} | {sample[name]:.2f} | {sample[name] / sample['cws']:.1f} |")
    lines += [
        "",
        f"{whole['megabytes']:.0f} MB, {whole['characters'] / 1e6:.0f} million Han characters, n = {ORDER}, "
        f"{whole['threads']} threads, memory {whole['memory']}, least count {whole['min_count']}: "
        f"{whole['seconds']:.0f} s ({whole['cpu_seconds']:.0f} s of processor time), "
        f"at most {whole['peak_mb']:.0f} MB; {sum(whole['kept']) / 1e6:.1f} million n-grams kept.",
        "",
        made_by("python -m scripts.benchmarks.count TEXT", made),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
