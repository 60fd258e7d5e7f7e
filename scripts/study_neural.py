"""Train each kind of neural labeler on real corpora and score it once; write docs/neural_figures.{json,md}.

    CWS_CORPORA=… python scripts/study_neural.py --models FOLDER [--kind bilstm-crf] [--corpus pku]

Trainings take hours on a CPU. Their folders stay under FOLDER: an interrupted run goes on from its checkpoints, and a
model that is complete is scored without being trained again. Each corpus is learned together with the other two, as
annotation standards of their own; --alone leaves them out. A part of the training set chooses the epoch where the
corpus has no dev set. Lexicon features come from jieba's list.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
from measuring import ROOT, made_by, setting

import cws
from cws.cli.evaluate import evaluate
from cws.labelers.neural import KINDS

CORPORA = Path(os.environ.get("CWS_CORPORA", "corpora"))
NAMES = ("pku", "ctb6", "sxu")
OUTPUT = ROOT / "docs" / "neural_figures.json"
COMMAND = "CWS_CORPORA=… python scripts/study_neural.py --models FOLDER"


def command_of(kind: str, corpus: str, folder: Path, alone: bool, options: tuple[str, ...]) -> list[str]:
    """Return the command line that trains a model."""
    seg = CORPORA / "seg"
    command = ["train", "--model", kind, "--train", str(seg / f"{corpus}.train.txt"), "-o", str(folder), *options]
    if (dev := seg / f"{corpus}.dev.txt").exists():
        command += ["--dev", str(dev)]
    for other in NAMES:
        if other != corpus and not alone:
            command += ["--also", str(seg / f"{other}.train.txt")]
    return command


def train(kind: str, corpus: str, folder: Path, alone: bool, options: tuple[str, ...]) -> dict[str, Any]:
    """Train a model, unless it is there, and return its figures."""
    command = command_of(kind, corpus, folder, alone, options)
    begun = time.time()
    if not (folder / "cws.json").exists():
        subprocess.run([sys.executable, "-m", "cws", *command], check=True)
    config = cws.load(folder).config
    counts = evaluate(
        str(folder), str(CORPORA / "seg" / f"{corpus}.test.txt"), str(CORPORA / "seg" / f"{corpus}.train.txt")
    )
    # The folders of a machine say nothing to others.
    shown = " ".join(command).replace(str(CORPORA), "$CWS_CORPORA").replace(str(folder), "MODEL")
    return {
        **counts.as_dict(),
        "dev_f1": config["dev"]["f1"],
        "epoch": config["training"]["round"],
        "command": f"cws {shown}",
        "minutes": (time.time() - begun) / 60,
    }


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    lines = [
        "# Neural labelers: quality",
        "",
        made_by(COMMAND, results["setting"]),
        "",
        "F1 in percent, on the test sets, each scored once; dev chose the epoch and nothing else.",
        "",
        "| model | corpus | F1 | P | R | recall of new words | dev F1 | epoch |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in sorted(results["rows"].items()):
        kind, corpus = name.split(" ", 1)
        shares = " | ".join(f"{100 * row[key]:.2f}" for key in ("f1", "precision", "recall", "oov_recall", "dev_f1"))
        lines.append(f"| {kind} | {corpus} | {shares} | {row['epoch']} |")
    lines += ["", "Commands:", "", "```sh"]
    lines += [row["command"] for _, row in sorted(results["rows"].items())]
    return "\n".join([*lines, "```", ""])


@click.command(help=__doc__)
@click.option("--models", required=True, type=click.Path(path_type=Path), help="Where the trained models go.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), default=("bilstm-crf", "cnn-crf", "bert-crf"))
@click.option("--corpus", "corpora", multiple=True, type=click.Choice(NAMES), default=("pku", "ctb6"))
@click.option("--alone", is_flag=True, help="Learn from the corpus alone.")
@click.option("--options", default="", help="More for cws train.")
def main(models: Path, kinds: tuple[str, ...], corpora: tuple[str, ...], alone: bool, options: str) -> None:
    for corpus in corpora:
        for kind in kinds:
            name = f"{kind} {corpus}{' alone' if alone else ''}"
            row = train(kind, corpus, models / name.replace(" ", "-"), alone, tuple(options.split()))
            results = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.exists() else {"rows": {}}
            results["setting"] = setting("cws", "torch", "transformers")
            results["rows"][name] = row
            OUTPUT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
            OUTPUT.with_suffix(".md").write_text(render(results), "utf-8")
            click.echo(f"{name}: F1 {100 * row['f1']:.2f}")


if __name__ == "__main__":
    main()
