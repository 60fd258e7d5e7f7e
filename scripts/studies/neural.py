"""Train each kind of neural labeler on real corpora and score it once; write docs/figures/neural_figures.*.

    CWS_CORPORA=… python -m scripts.studies.neural --models FOLDER [--kind bilstm-crf] [--corpus pku]

Trainings take half an hour each on a core. Their folders stay under FOLDER: an interrupted run goes on from its
checkpoints, and a model that is complete is scored without being trained again. A part of the training set chooses the
epoch where the corpus has no dev set. bilstm and cnn learn raw text besides, in the words of a linear model (`cws train
--raw`): it is written to FOLDER/raw first. bert-crf is the bundled encoder: FOLDER/bert-crf-joint learns four corpora
together and is tuned to one of them twice, by its words alone and with raw text; the model is the mean of these two.
The word lists are those of the bundled linear models. --alone is the corpus alone, with jieba's list.
"""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

import cws
from cws.cli.evaluate import evaluate
from cws.files import atomic_output, read_lines
from cws.labelers.kind import KINDS
from cws.labelers.neural.model import mean_of
from cws.labelers.neural.storage import load_neural, save_neural
from cws.metrics import SegmentationCounts
from cws.model_io import read_config
from scripts.measuring import CORPORA, FIGURES, made_by, read_json, setting, write_figures

NAMES = ("pku", "ctb6", "sxu")
BUNDLED = {"pku": "pku", "ctb6": "ctb"}
LEXICONS = ("webdict_freq", "jionlp_word_freq", "thuocl", "hsk")
# The raw text of a corpus's models: domains of raw/ with the characters taken, and training texts of other corpora.
DOMAINS = {"news_science": 1_500_000, "encyclopedia": 3_500_000}
SEGMENTED = {"cnc": 2, "sxu": 1, "pku": 1, "ctb6": 1}  # one line in so many
CNC = 4  # one line in so many, of what joint models learn
BERT_JOINT = ("--encoder-layers", "2", "--learning-rate", "7e-4", "--crf-lr-multiplier", "20", "--epochs", "1")
BERT_EPOCHS = {"pku": "1", "ctb6": "2", "sxu": "1"}  # of ctb6 the first was the best on dev, so pku got one
BERT_RAW = {"pku": ("sxu", "ctb6"), "ctb6": ("pku",), "sxu": ("pku",)}
NEURAL = [str(kind) for kind in KINDS if kind.is_neural]
OUTPUT = FIGURES / "neural_figures.json"
COMMAND = "CWS_CORPORA=… python -m scripts.studies.neural --models FOLDER"


def write_raw(folder: Path) -> None:
    """Write the raw text, unless it is there: paragraphs in an order drawn once, sentences without their spaces."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(1)
    for domain, most in DOMAINS.items():
        lines = list(read_lines(CORPORA / "raw" / f"{domain}.txt.xz"))
        generator.shuffle(lines)
        ends = itertools.accumulate(map(len, lines))
        taken = [line for line, end in zip(lines, ends, strict=True) if end - len(line) < most]
        write_lines(folder / f"{domain}.txt", taken)
    for name, every in SEGMENTED.items():
        lines = list(read_lines(next((CORPORA / "seg").glob(f"{name}.train.txt*"))))
        write_lines(folder / f"{name}.txt", [line.replace(" ", "") for line in lines][::every])
        if name == "cnc":
            write_lines(folder / "cnc.words.txt", lines[::CNC])


def write_lines(path: Path, lines: list[str]) -> None:
    if not path.exists():
        with atomic_output(path) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())


def command_of(kind: str, corpus: str, folder: Path, options: tuple[str, ...], lexicons: bool = True) -> list[str]:
    """Return the command line that trains a model."""
    seg = CORPORA / "seg"
    command = ["train", "--model", kind, "--train", str(seg / f"{corpus}.train.txt"), "-o", str(folder)]
    if (dev := seg / f"{corpus}.dev.txt").exists():
        command += ["--dev", str(dev)]
    for name in LEXICONS if lexicons else ():
        command += ["--lexicon", str(CORPORA / "lexicons" / f"{name}.txt")]
    return [*command, *options]


def stages_of(kind: str, corpus: str, folder: Path, alone: bool, more: tuple[str, ...]) -> dict[Path, list[str]]:
    """Return the folders of the models to train, one after the other, and the command line of each."""
    if alone:
        return {folder: command_of(kind, corpus, folder, more, lexicons=False)}
    raw = folder.parent / "raw"
    if kind.startswith("bert"):
        joint = folder.parent / f"{kind}-joint"
        rest = [option for path in joint_corpora(raw) for option in ("--also", str(path))]
        pseudo_labelled = [option for name in BERT_RAW[corpus] for option in ("--raw", str(raw / f"{name}.txt"))]
        own, both = (folder.with_name(f"{folder.name}-{name}") for name in ("own", "raw"))
        begin = ("--init", str(joint), "--crf-lr-multiplier", "20")
        return {
            joint: command_of(kind, "ctb6", joint, (*rest, *BERT_JOINT, *more)),
            own: command_of(
                kind, corpus, own, (*begin, "--learning-rate", "2e-4", "--epochs", BERT_EPOCHS[corpus], *more)
            ),
            both: command_of(
                kind, corpus, both, (*begin, *pseudo_labelled, "--learning-rate", "3e-4", "--epochs", "1", *more)
            ),
        }
    # cnc and a second epoch for one model only, for want of time.
    with_cnc, epochs = (True, "2") if (kind, corpus) == ("bilstm-crf", "ctb6") else (False, "1")
    names = [name for name in (*DOMAINS, *SEGMENTED) if name != corpus and (with_cnc or name != "cnc")]
    pseudo_labelled = [option for name in names for option in ("--raw", str(raw / f"{name}.txt"))]
    return {folder: command_of(kind, corpus, folder, (*pseudo_labelled, "--epochs", epochs, *more))}


def joint_corpora(raw: Path) -> list[Path]:
    """Return the training files that a joint model learns beside ctb6's."""
    seg = CORPORA / "seg"
    return [seg / "pku.train.txt", seg / "sxu.train.txt", raw / "cnc.words.txt"]


def train(kind: str, corpus: str, folder: Path, alone: bool, options: tuple[str, ...]) -> dict[str, Any]:
    """Train a model, unless it is there, and return its figures."""
    stages = stages_of(kind, corpus, folder, alone, options)
    if not (folder / "cws.json").exists():
        write_raw(folder.parent / "raw")
        for stage, command in stages.items():
            if not (stage / "cws.json").exists():
                subprocess.run([sys.executable, "-m", "cws", *command], check=True)
        if folder not in stages:
            write_mean(list(stages)[1:], folder, corpus)
    segmenter = cws.load(folder)
    config = segmenter.config
    counts = evaluate_on(segmenter, corpus)
    # The folders of a machine say nothing to others.
    lines = "\n".join(f"cws {' '.join(command)}" for command in stages.values())
    if folder not in stages:
        lines += f"\n# the mean of the last two: cws.labelers.neural.model.mean_of; cws evaluate {folder}"
    shown = lines.replace(str(CORPORA), "$CWS_CORPORA").replace(str(folder), "MODEL")
    shown = shown.replace(str(folder.parent), "FOLDER")
    return {
        **counts.as_dict(),
        "dev_f1": config["dev"]["f1"],
        "epoch": config["training"].get("epoch"),
        "command": shown,
    }


def write_mean(folders: list[Path], folder: Path, corpus: str) -> None:
    """Write the mean of models. Its dev F1 is that of the corpus's dev set, where there is one."""
    mean = mean_of([load_neural(one, read_config(one)) for one in folders])
    save_neural(folder, mean, {"training": {"mean_of": len(folders)}, "dev": {"f1": None}})
    if (dev := CORPORA / "seg" / f"{corpus}.dev.txt").exists():
        f1 = evaluate(cws.load(folder), str(dev)).f1
        save_neural(folder, mean, {"training": {"mean_of": len(folders)}, "dev": {"f1": f1}})


def evaluate_on(segmenter: cws.Segmenter, corpus: str) -> SegmentationCounts:
    """Return the counts on the test set of a corpus; its training words are the vocabulary."""
    seg = CORPORA / "seg"
    return evaluate(segmenter, str(seg / f"{corpus}.test.txt"), [str(seg / f"{corpus}.train.txt")])


def score_linear(corpus: str) -> dict[str, Any]:
    """Return the figures of the bundled linear model."""
    name = BUNDLED[corpus]
    segmenter = cws.load(name)
    counts = evaluate_on(segmenter, corpus)
    config = segmenter.config
    epochs = config["training"]["epochs"]
    return {**counts.as_dict(), "dev_f1": config["dev"]["f1"], "epoch": epochs, "command": f"cws evaluate {name}"}


def render(results: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    lines = [
        "# Neural labelers: quality",
        "",
        made_by(COMMAND, results["setting"]),
        "",
        "F1 in percent, on the test sets; dev chose epochs, and the mean that bert-crf is, and nothing else. The",
        "linear rows are the bundled models, which learned from the same corpora and word lists.",
        "",
        "| model | corpus | F1 | P | R | recall of new words | dev F1 | epoch | commit |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, row in sorted(results["rows"].items()):
        kind, corpus = name.split(" ", 1)
        names = ("f1", "precision", "recall", "oov_recall", "dev_f1")
        shares = " | ".join("" if row[name] is None else f"{100 * row[name]:.2f}" for name in names)
        lines.append(f"| {kind} | {corpus} | {shares} | {row['epoch'] or 'mean'} | {row['commit'][:7]} |")
    lines += ["", "Commands:", "", "```sh"]
    lines += [row["command"] for _, row in sorted(results["rows"].items())]
    return "\n".join([*lines, "```", ""])


@click.command(help=__doc__)
@click.option("--models", required=True, type=click.Path(path_type=Path), help="Where the trained models go.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(NEURAL), default=("bilstm-crf", "cnn-crf", "bert-crf")
)
@click.option("--corpus", "corpora", multiple=True, type=click.Choice(NAMES), default=("pku", "ctb6"))
@click.option("--alone", is_flag=True, help="Learn from the corpus alone.")
@click.option("--options", default="", help="More for cws train.")
def main(models: Path, kinds: tuple[str, ...], corpora: tuple[str, ...], alone: bool, options: str) -> None:
    for corpus in corpora:
        for kind in kinds:
            name = f"{kind} {corpus}{' alone' if alone else ''}"
            made = setting("cws", "torch", "transformers")
            row = train(kind, corpus, models / name.replace(" ", "-"), alone, tuple(options.split()))
            row["commit"] = made["commit"]
            results = read_json(OUTPUT) or {"rows": {}}
            results["setting"] = made
            results["rows"][name] = row
            if corpus in BUNDLED:
                results["rows"][f"linear {corpus}"] = {**score_linear(corpus), "commit": made["commit"]}
            write_figures(FIGURES, OUTPUT.stem, results, render(results))


if __name__ == "__main__":
    main()
