"""Measure cws on Spark against cws segment and the usual jieba UDF; write docs/figures/scale.*.

    pip install ".[spark]"
    CWS_CORPORA=… python -m scripts.benchmarks.scale
    CWS_CORPORA=… python -m scripts.benchmarks.scale --megabytes 4 --jieba-megabytes 0.2 --runs 1 -o /tmp  # to try

The executors are processes of this machine, one core each. In one session, in turns: `cws segment` with as many threads
as there are executors, `segment_folder`, `segment` of a DataFrame from text files to text files. The jieba UDF gets a
part of the lines, because it is slow.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import click

from cws.engines.spark import segment, segment_folder, start_session
from cws.engines.spark.lexicon import SPLIT
from scripts.measuring import CORPORA, ROOT, alternate, made_by, output_option, setting, write_figures

FILES = 4  # of the text; the larger ones are cut
TERA, PETA = 10**12, 10**15
CORES = {TERA: 64, PETA: 4096}  # of the clusters of the arithmetic
COUNTING = """
import json, resource, sys, time
from cws.engines.spark.ngrams import count_into_shards
from cws.engines.spark.shards import ShardMerge
from cws.engines.spark.splits import Split
from cws.engines.spark.lexicon import _SplitSource
from cws._native import LineSample
from cws.lexicon.counting.count import count_merged
path, end = sys.argv[1], int(sys.argv[2])
source = _SplitSource([Split(path, 0, end)], "utf-8", "strict", LineSample(4_000_000))
begun = time.process_time()
shards = [batch.column(3)[0].as_py() for batch in count_into_shards(source, 4, 16)]
counted = time.process_time()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
merges = [ShardMerge() for _ in range(16)]
begun_merge = time.process_time()
for merge, shard in zip(merges, shards):
    merge.add(shard)
    count_merged(merge.files, min_count=5, folder=merge.folder)
print(json.dumps({
    "bytes": end, "count_seconds": counted - begun, "merge_seconds": time.process_time() - begun_merge,
    "shuffled": sum(map(len, shards)), "memory_mb": memory / 1024,
}))
"""


def raw_lines(size: int) -> list[bytes]:
    """Return lines of raw text, of each domain its share of so many bytes, or all there are; shuffled."""
    lines = []
    paths = sorted((CORPORA / "raw").glob("*.txt.xz"))
    for path in paths:
        left = size // len(paths)
        with lzma.open(path) as file:
            for line in file:
                lines.append(line.rstrip(b"\r\n") + b"\n")
                left -= len(line)
                if left <= 0:
                    break
    random.Random(1).shuffle(lines)
    return lines


def write_text(folder: Path, lines: list[bytes], size: int, files: int) -> int:
    """Write lines, again and again until there are so many bytes, into files of a folder; return the bytes."""
    folder.mkdir()
    written, endless = 0, cycle(lines)
    for at in range(1, files + 1):
        with (folder / f"{at:02d}.txt").open("wb") as file:
            while written < size * at / files:
                written += file.write(next(endless))
    return written


def checksum(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def data_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")


def command_line(folder: Path, output: Path, threads: int) -> None:
    inputs = [str(path) for path in data_files(folder)]
    command = [sys.executable, "-m", "cws", "segment", *inputs, "-o", str(output), "--threads", str(threads)]
    subprocess.run(command, check=True)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def jieba_words(text: str | None) -> str | None:
    """What people write: a UDF of a record."""
    import jieba

    return None if text is None else " ".join(jieba.cut(text))


def workers_memory(spark: Any) -> float:
    """Return the peak memory of the Python processes of the executors, in MB."""

    def peak(_: int) -> int:
        import resource

        time.sleep(0.1)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    return max(spark.sparkContext.parallelize(range(8), 8).map(peak).collect()) / 1024


def measure_executors(folder: Path, executors: int, runs: int, jieba_runs: int) -> dict[str, Any]:
    """Return medians of seconds with so many executors, and of the command line with so many threads."""
    begun = time.perf_counter()
    spark = start_session(f"local-cluster[{executors},1,1024]", name="benchmark")
    spark.range(executors).rdd.map(lambda row: row).count()
    start = time.perf_counter() - begun
    from pyspark.sql.functions import udf

    text, sample, tiny, out = folder / "text", folder / "sample", folder / "tiny", folder / "out"
    usual = udf(jieba_words, "string")

    def on_spark(source: Path) -> None:
        segment_folder(spark, source, fresh(out / "spark"))

    def frame(source: Path) -> None:
        words = segment(spark.read.text(str(source)), "value", output="text").select("words")
        words.write.text(str(fresh(out / "frame")))

    def jieba_frame() -> None:
        words = spark.read.text(str(sample)).select(usual("value"))
        words.write.text(str(fresh(out / "jieba")))

    cli, files, frames = alternate(
        lambda: command_line(text, out / "cli.txt", executors),
        lambda: on_spark(text),
        lambda: frame(text),
        runs=runs,
    )
    same = checksum([out / "cli.txt"]) == checksum(data_files(out / "spark"))
    memory = workers_memory(spark)
    job, frame_job = alternate(lambda: on_spark(tiny), lambda: frame(tiny), runs=runs)
    peer, sample_frame = alternate(jieba_frame, lambda: frame(sample), runs=jieba_runs)
    spark.stop()
    return {
        "executors": executors, "start": start, "cli": cli, "files": files, "frame": frames, "same_bytes": same,
        "memory_mb": memory, "smallest_job": job, "smallest_frame_job": frame_job, "jieba": peer,
        "frame_of_the_sample": sample_frame,
    }  # fmt: skip


def measure_counting(folder: Path) -> dict[str, Any]:
    """Return what counting the n-grams of a split and merging them again takes, each in one thread."""
    whole = folder / "counting.txt"
    with whole.open("wb") as file:
        for path in data_files(folder / "text"):
            file.write(path.read_bytes())
    end = min(SPLIT, whole.stat().st_size)
    command = [sys.executable, "-c", COUNTING, str(whole), str(end)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    whole.unlink()
    return found


def jieba_speed(results: dict[str, Any], row: dict[str, Any]) -> float:
    """Return bytes a second without what the smallest job takes, which the smaller text would make dearer."""
    speed: float = results["jieba_bytes"] / (row["jieba"] - row["smallest_frame_job"])
    return speed


def speed_rows(results: dict[str, Any]) -> list[str]:
    size = results["bytes"]
    lines = ["| executors | `cws segment`, as many threads | `cws segment --engine spark` | `segment(df)`, text to text"
             " | jieba UDF, text to text |", "|---:|---:|---:|---:|---:|"]  # fmt: skip
    for row in results["executors"]:
        own = size / row["cli"] / 1e6
        cells = [f"{own:.1f}"]
        cells += [f"{size / row[name] / 1e6:.1f} ({row['cli'] / row[name]:.2f}×)" for name in ("files", "frame")]
        cells.append(f"{jieba_speed(results, row) / 1e6:.2f}")
        lines.append(f"| {row['executors']} | {' | '.join(cells)} |")
    lines += ["", "| executors | of the jieba UDF's speed: `--engine spark` | `segment(df)` | `segment(df)` on jieba's"
              " part of the text | seconds more than `cws segment`, a GB: `--engine spark` | `segment(df)` |",
              "|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for row in results["executors"]:
        jieba = jieba_speed(results, row)
        cells = [f"{size / row[name] / jieba:.1f}×" for name in ("files", "frame")]
        cells.append(f"{row['jieba'] / row['frame_of_the_sample']:.1f}×")
        cells += [f"{(row[name] - row['cli']) / size * 1e9:.1f}" for name in ("files", "frame")]
        lines.append(f"| {row['executors']} | {' | '.join(cells)} |")
    two = results["executors"][-1]
    lines += [
        "",
        f"The first call of a session waits {two['start']:.0f} s for Spark; a job of one line takes"
        f" {two['smallest_job']:.1f} s, of a DataFrame {two['smallest_frame_job']:.1f} s. The Python process of an"
        f" executor took {max(row['memory_mb'] for row in results['executors']):.0f} MB at most. The words of"
        f" `--engine spark` {'are' if all(row['same_bytes'] for row in results['executors']) else 'ARE NOT'} those of"
        " `cws segment`, byte for byte.",
    ]
    return lines


def scale_rows(results: dict[str, Any]) -> list[str]:
    """The arithmetic: everything grows with the bytes, and cores work side by side."""
    one, counting = results["executors"][0], results["counting"]
    segment_seconds = one["files"] / results["bytes"]  # of a core, a byte
    count_seconds = counting["count_seconds"] / counting["bytes"]
    merge_seconds = counting["merge_seconds"] / counting["bytes"]
    shuffled = counting["shuffled"] / counting["bytes"]
    lines = ["| | 1 TB | 1 PB |", "|---|---:|---:|"]
    rows: dict[str, Callable[[int], str]] = {
        "cores": lambda size: f"{CORES[size]:,}",
        "segmenting: core-hours": lambda size: f"{size * segment_seconds / 3600:,.0f}",
        "segmenting: hours": lambda size: f"{size * segment_seconds / 3600 / CORES[size]:,.1f}",
        "segmenting: bytes shuffled": lambda size: "0",
        "counting 4-grams: core-hours, without merging": lambda size: f"{size * count_seconds / 3600:,.0f}",
        "merging: core-hours": lambda size: f"{size * merge_seconds / 3600:,.0f}",
        "counting and merging: hours": lambda size: (
            f"{size * (count_seconds + merge_seconds) / 3600 / CORES[size]:,.1f}"
        ),
        "counting: bytes shuffled": lambda size: f"{size * shuffled / 1e12:,.2f} TB",
    }
    lines += [f"| {name} | {value(TERA)} | {value(PETA)} |" for name, value in rows.items()]
    lines += [
        "",
        f"Rates: segmenting, {1 / segment_seconds / 1e6:.1f} MB/s a core (the row of one executor); counting,"
        f" {1 / count_seconds / 1e6:.1f} MB a processor second; merging {1 / merge_seconds / 1e6:.1f} MB of text a"
        f" processor second; {shuffled:.2f} bytes shuffled a byte of text, of a task of"
        f" {counting['bytes'] / 1e6:.0f} MB, whose Python took {counting['memory_mb']:.0f} MB.",
    ]
    return lines


def render(results: dict[str, Any]) -> str:
    options = (
        f"--megabytes {results['bytes'] / 1e6:.0f} --jieba-megabytes {results['jieba_bytes'] / 1e6:.0f}"
        f" --runs {results['runs']} --jieba-runs {results['jieba_runs']}"
    )
    lines = [
        "# Apache Spark: speed, and the arithmetic of a petabyte",
        "",
        made_by(f"CWS_CORPORA=… python -m scripts.benchmarks.scale {options}", results["setting"]),
        f"{results['bytes'] / 1e6:.0f} MB of raw text of six domains in {results['files']} files (the corpora's lines,"
        f" shuffled, again and again), for jieba {results['jieba_bytes'] / 1e6:.1f} MB of it; MB of text a"
        f" second, medians of {results['runs']} runs in turns ({results['jieba_runs']} for jieba); Spark"
        " was started before. Of jieba's seconds those of a job of one line are taken away.",
        "",
        *speed_rows(results),
        "",
        "## 1 TB and 1 PB",
        "",
        *scale_rows(results),
    ]
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@click.option("--megabytes", default=600.0, show_default=True, help="Size of the text.")
@click.option("--jieba-megabytes", default=16.0, show_default=True, help="How much of it jieba gets.")
@click.option("--runs", default=5, show_default=True)
@click.option("--jieba-runs", default=3, show_default=True)
@output_option
def main(megabytes: float, jieba_megabytes: float, runs: int, jieba_runs: int, output: Path) -> None:
    # Executors import the cws that this process does.
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {"spark.ui.enabled": "false", "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"]}
    confs = " ".join(f"--conf {name}={value}" for name, value in settings.items())
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"{confs} pyspark-shell"
    results: dict[str, Any] = {
        "setting": setting("cws", "pyspark", "pyarrow", "jieba"), "files": FILES, "runs": runs, "jieba_runs": jieba_runs
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "out").mkdir()
        lines = raw_lines(int(megabytes * 1e6))
        results["bytes"] = write_text(folder / "text", lines, int(megabytes * 1e6), FILES)
        results["jieba_bytes"] = write_text(folder / "sample", lines, int(jieba_megabytes * 1e6), 8)
        write_text(folder / "tiny", lines, 1, 1)
        del lines
        results["executors"] = []
        for executors in (1, 2):
            click.echo(f"{executors} executors …", err=True)
            results["executors"].append(measure_executors(folder, executors, runs, jieba_runs))
        click.echo("counting …", err=True)
        results["counting"] = measure_counting(folder)
    write_figures(output, "scale", results, render(results))


if __name__ == "__main__":
    main()
