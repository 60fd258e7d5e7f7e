"""Pretrain the bundled encoder `mini`, from the corpora under CWS_CORPORA.

    CWS_CORPORA=… python -m scripts.assets.mini_encoder -o DIR --minutes 10   # and again, until it is complete

It reads `raw/*.txt.xz`, whose sources and licences are in `raw/SOURCES.tsv`, of law and technical text, of which there
is too much, only a paragraph in so many, and the text of `seg/*.train.txt` without the spaces; what it picks out it
writes into DIR/text. No text of a test or dev file is read. Then it adds sources to the card.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import click
import torch

from cws.files import atomic_output, read_lines
from cws.segmenter import load
from cws.training.pretraining.encoder_folder import WEIGHTS_FILE
from cws.training.pretraining.options import PretrainOptions
from cws.training.pretraining.pretrain import pretrain
from scripts.measuring import corpora_folder

# What is kept of the raw text: one paragraph in so many.
RAW = {"encyclopedia": 1, "everyday": 1, "law": 8, "literature": 1, "news_science": 1, "technical": 16}
SEGMENTED = {
    "cnc": "balanced corpus of the National Language Committee, no licence stated",
    "ctb6": "Chinese Treebank 6, LDC",
    "pku": "People's Daily, January 1998, for research",
    "sxu": "SIGHAN-2008 SXU, for research",
    "ud": "UD Chinese GSD, CC BY-SA",
}
OPTIONS = PretrainOptions(size="mini", steps=2_400, epochs=12)


@click.command(help=__doc__)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@click.option("--minutes", type=float, help="Stop after so long; the same command goes on.")
@click.option("--threads", type=int, default=2, show_default=True)
@click.option("--device")
def main(output: Path, minutes: float | None, threads: int, device: str | None) -> None:
    root = corpora_folder()
    torch.set_num_threads(threads)
    segmenter = load()
    if not (output / WEIGHTS_FILE).exists() or (output / "checkpoint.safetensors").exists():
        paths = [sampled(root / "raw" / f"{name}.txt.xz", every, output / "text") for name, every in RAW.items()]
        paths += [write_text(root / "seg", name, output / "text") for name in SEGMENTED]
        is_complete = pretrain(
            paths, output, lambda texts: segmenter.segment_batch(texts, threads=threads), options=OPTIONS,
            device=device, stop_after=None if minutes is None else 60 * minutes, show_progress=True,
            log_line=click.echo,
        )  # fmt: skip
        if not is_complete:
            return
    add_sources(output / "README.md", root / "raw" / "SOURCES.tsv")


def sampled(source: Path, every: int, folder: Path) -> Path:
    """Write one paragraph in so many into a file of `folder`, and return it; all of them are the source itself."""
    path = folder / source.stem
    if every == 1:
        return source
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_output(path) as file:
            for number, line in enumerate(read_lines(source)):
                if number % every == 0:
                    file.write(f"{line}\n".encode())
    return path


def write_text(folder: Path, name: str, target: Path) -> Path:
    """Write the text of a segmented corpus, and return the file."""
    path = target / f"{name}.train.txt"
    source = next(found for end in ("", ".xz") if (found := folder / f"{name}.train.txt{end}").exists())
    if not path.exists():
        target.mkdir(parents=True, exist_ok=True)
        with atomic_output(path) as file:
            for line in read_lines(source):
                if text := line.replace(" ", ""):
                    file.write(f"{text}\n".encode())
    return path


def add_sources(card: Path, sources: Path) -> None:
    """Write into the card whose text it was, under which terms."""
    text = card.read_text("utf-8").split("## Sources")[0]
    with open(sources, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    terms: dict[str, Counter[str]] = {name: Counter() for name in RAW}
    for row in rows:
        terms[row["file"]][f"{row['source']} ({row['licence as stated']})"] += int(row["characters"])
    lines = [
        f"- {name}.txt.xz{f', a paragraph in {every}' if every > 1 else ''}: "
        + "; ".join(source for source, _ in terms[name].most_common())
        for name, every in RAW.items()
    ]
    lines += [f"- {name}.train.txt: {about}" for name, about in SEGMENTED.items()]
    with atomic_output(card) as file:
        file.write((text.rstrip() + "\n\n## Sources\n\nTerms as stated by the sources.\n\n").encode())
        file.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
