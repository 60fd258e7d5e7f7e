"""Why four tags: the same labelers with schemes of 2, 4 and 6 tags; write docs/figures/tag_sets.{json,md,png}.

    pip install ".[plot,neural]"
    CWS_CORPORA=… python -m scripts.studies.tag_sets

The BiLSTM takes an hour or two. What each of its trainings finds is kept in the folder --work, and not repeated.
Trained on pku, ctb6 and sxu, scored once on their test sets.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np

from cws.corpus import read_segmented, train_dev_split
from cws.metrics import count_sentence, paired_bootstrap, score
from cws.tags import BI, SBBME6, SBME, TagScheme
from cws.training.linear_options import LinearOptions
from cws.training.ngram_classes import WordList
from cws.word_list import jieba_word_list
from scripts.measuring import alternate, corpora_folder, made_by, output_option, read_json, setting, write_figures
from scripts.studies.tag_set_labelers import BiLstm, Corpus, Hmm1, Hmm2, Linear, Scored

SCHEMES = (BI, SBME, SBBME6)
CORPORA = ("pku", "ctb6", "sxu")
SEEDS = (1, 2, 3)
SAMPLES = 10_000
RUNS = 9  # of each speed
LONG = 4  # characters of a long word
HMMS: dict[str, type[Hmm1] | type[Hmm2]] = {"HMM, order 1": Hmm1, "HMM, order 2": Hmm2}
COMMAND = "CWS_CORPORA=… python -m scripts.studies.tag_sets"

# Figures


class ShortWords:
    """Holds the words that are not long: the recall of words outside it is that of long ones."""

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and len(word) < LONG


def figures(gold: Corpus, predicted: Corpus, vocabulary: set[str]) -> dict[str, Any]:
    long = score(gold, predicted, ShortWords())
    return score(gold, predicted, vocabulary).as_dict() | {"long_gold": long.oov_gold, "long_recall": long.oov_recall}


def recall_bootstrap(gold: Corpus, a: Corpus, b: Corpus) -> float:
    """Return the p-value of the difference in recall of long words, as `cws.metrics.paired_bootstrap` has it for F1."""
    found = [
        [count_sentence(sentence, words, ShortWords()) for sentence, words in zip(gold, side, strict=True)]
        for side in (a, b)
    ]
    rows = [(x.oov_gold or 0, (x.oov_correct or 0) - (y.oov_correct or 0)) for x, y in zip(*found, strict=True)]
    counts = np.array([row for row in rows if row[0]])
    generator = np.random.default_rng(0)
    observed = counts[:, 1].sum() / counts[:, 0].sum()
    extreme = 0
    for _ in range(SAMPLES):
        words, difference = counts[generator.integers(len(counts), size=len(counts))].sum(axis=0)
        extreme += abs(difference / words - observed) >= abs(observed)
    return (1 + extreme) / (1 + SAMPLES)


def compare(gold: Corpus, runs: dict[TagScheme, list[Corpus]]) -> Iterator[dict[str, Any]]:
    """Yield how 2 and 6 tags differ from 4, with the p-values of each seed."""
    for scheme in (BI, SBBME6):
        pairs = list(zip(runs[scheme], runs[SBME], strict=True))
        yield {
            "tags": scheme.size,
            "f1_p": [paired_bootstrap(gold, other, four, SAMPLES).p_value for other, four in pairs],
            "long_recall_p": [recall_bootstrap(gold, other, four) for other, four in pairs],
        }


def measure_corpus(name: str, word_list: WordList) -> Iterator[dict[str, Any]]:
    """Yield the figures of every labeler on a corpus."""
    train, test, dev = read_corpus(name)
    vocabulary = {word for words in train for word in words}
    dev_train, dev = (train, dev) if dev else train_dev_split(train, seed=1)
    linear = {"linear, no word list": Linear([], train), "linear, jieba's word list": Linear([word_list], train)}
    for labeler in (*HMMS, *linear):
        runs: dict[TagScheme, list[Corpus]] = {}
        chosen: dict[TagScheme, dict[str, Any]] = {}
        for scheme in SCHEMES:
            if labeler in linear:
                options, dev_f1 = linear[labeler].choose(scheme, dev_train, dev)
                chosen[scheme] = {"margin": options.margin, "epochs": options.epochs, "dev_f1": dev_f1}
                options_of = [replace(options, seed=seed) for seed in SEEDS]
                runs[scheme] = [linear[labeler].trained(scheme, one, test).words(test) for one in options_of]
            else:
                chosen[scheme] = {}
                runs[scheme] = [HMMS[labeler](train, scheme).score(test).words(test)]
            click.echo(f"{name}, {labeler}, {scheme.name}: {chosen[scheme]}", err=True)
        against = {row["tags"]: row for row in compare(test, runs)}
        for scheme, predicted in runs.items():
            yield {
                "corpus": name,
                "labeler": labeler,
                "tags": scheme.size,
                **chosen[scheme],
                "seeds": [figures(test, words, vocabulary) for words in predicted],
                "against_four": against.get(scheme.size),
            }


def measure_bilstm(name: str, word_list: WordList, work: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of the BiLSTM on a corpus; what each training finds in the test set is kept in `work`."""
    train, test, dev = read_corpus(name)
    vocabulary = {word for words in train for word in words}
    dev_train, dev = (train, dev) if dev else train_dev_split(train, seed=1)
    labeler = BiLstm(word_list, dev_train, dev)
    runs: dict[TagScheme, list[Corpus]] = {scheme: [] for scheme in SCHEMES}
    chosen: dict[TagScheme, list[dict[str, Any]]] = {scheme: [] for scheme in SCHEMES}
    for seed, scheme in product(SEEDS, SCHEMES):
        path = work / f"bilstm-{name}-{scheme.name}-{seed}.json"
        if not path.exists():
            scored, about = labeler.trained(scheme, seed, test)
            path.write_text(json.dumps({**about, "words": scored.words(test)}), "utf-8")
            click.echo(f"{name}, BiLSTM, {scheme.name}, seed {seed}: {about}", err=True)
        found = json.loads(path.read_text("utf-8"))
        runs[scheme].append(found.pop("words"))
        chosen[scheme].append(found)
    against = {row["tags"]: row for row in compare(test, runs)}
    for scheme, predicted in runs.items():
        yield {
            "corpus": name,
            "labeler": "BiLSTM, jieba's word list",
            "tags": scheme.size,
            "chosen": chosen[scheme],
            "seeds": [figures(test, words, vocabulary) for words in predicted],
            "against_four": against.get(scheme.size),
        }


def read_corpus(name: str) -> tuple[Corpus, Corpus, Corpus]:
    """Return training and test sentences, and those of dev if the corpus has them."""
    folder = corpora_folder() / "seg"
    paths = (folder / f"{name}.{part}.txt" for part in ("train", "test", "dev"))
    train, test, dev = (list(read_segmented(path)) if path.exists() else [] for path in paths)
    return train, test, dev


def measure_speed(word_list: WordList) -> list[dict[str, Any]]:
    """Return seconds of training and characters a second on pku; the schemes of a labeler run in turns."""
    in_turns = partial(alternate, clock=time.process_time)
    train, test, _ = read_corpus("pku")
    characters = sum(len(word) for words in test for word in words)
    rows: list[dict[str, Any]] = []

    def add(labeler: str, training: list[float], scored: list[Scored], scoring: list[float] | None = None) -> None:
        decoding = in_turns(*(one.best for one in scored), runs=5 * RUNS)
        for at, scheme in enumerate(SCHEMES):
            rows.append(
                {
                    "labeler": labeler,
                    "tags": scheme.size,
                    "states": len(scored[at].opens),
                    "training_seconds": training[at],
                    "scoring": characters / scoring[at] if scoring else None,
                    "decoding": characters / decoding[at],
                }
            )

    for labeler, model in HMMS.items():
        training = in_turns(*(partial(model, train, scheme) for scheme in SCHEMES), runs=5)
        add(labeler, training, [model(train, scheme).score(test) for scheme in SCHEMES])
    linear = Linear([word_list], train)
    codes, _, lengths = linear.alphabet.encode_corpus(test)
    trainers = {scheme: linear.trainer(scheme, train, LinearOptions()) for scheme in SCHEMES}
    add(
        "linear, jieba's word list",
        in_turns(*(trainer.run_epoch for trainer in trainers.values()), runs=RUNS),
        [linear.score(trainer, scheme, test) for scheme, trainer in trainers.items()],
        in_turns(*(partial(trainer.emissions, codes, lengths) for trainer in trainers.values()), runs=RUNS),
    )
    return rows


# Output


def mean(row: dict[str, Any], name: str) -> float:
    return 100 * statistics.fmean(seed[name] for seed in row["seeds"])


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    bilstm = [made_by(f"{COMMAND} --only bilstm", results["bilstm"]["setting"])] if "bilstm" in results else []
    lines = [
        "# Schemes of 2, 4 and 6 tags",
        "",
        made_by(f"{COMMAND} --only quality", results["quality"]["setting"]),
        *bilstm,
        "Test sets, SIGHAN scorer, percent. Of the linear labeler and the BiLSTM the mean of three seeds, which are",
        "orders of the training sentences and first weights, and in brackets the lowest and the highest; hidden",
        "Markov models are counts and have no seed. Differences are from 4 tags, with the p-value of the paired",
        f"bootstrap over test sentences ({SAMPLES:,} samples), the largest of the three seeds'. Margin and epochs",
        "were chosen on dev, by F1.",
    ]
    for corpus in CORPORA:
        rows = [row for row in every_row(results) if row["corpus"] == corpus]
        seed = rows[0]["seeds"][0]
        lines += [
            "",
            f"## {corpus}",
            "",
            f"{seed['sentences']:,} test sentences, {seed['gold_words']:,} words, {seed['oov_gold']:,} of them OOV,"
            f" {seed['long_gold']:,} of {LONG} and more characters.",
            "",
            f"| labeler | tags | F1 | difference | OOV recall | recall {LONG}+ | difference | margin, epochs |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        four = {row["labeler"]: row for row in rows if row["tags"] == SBME.size}
        lines += [table_row(row, four[row["labeler"]]) for row in rows]
    lines += [
        "",
        "## Speed",
        "",
        made_by(f"{COMMAND} --only speed", results["speed"]["setting"]),
        "pku, one thread, medians of the processor time of runs in turns. Training is one epoch of the linear",
        "labeler, all of a hidden Markov model. Scoring and decoding are million characters a second. Scoring is",
        "the trainer's own, in float32 from a table that is not packed: an n-gram has a weight for each tag at",
        "four characters, so 8, 16 or 24. Decoding is `cws.decode.viterbi` on ready scores. It has code of its",
        "own for the eight steps of S, B, M, E; other chains go through that for any number of tags, in vectors",
        "of eight.",
        "",
        "| labeler | tags | tags of the chain | training, s | scoring | decoding |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in results["speed"]["rows"]:
        scoring = f"{row['scoring'] / 1e6:.2f}" if row["scoring"] else ""
        lines.append(
            f"| {row['labeler']} | {row['tags']} | {row['states']} | {row['training_seconds']:.2f} | {scoring} |"
            f" {row['decoding'] / 1e6:.1f} |"
        )
    return "\n".join(lines) + "\n"


def every_row(results: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = results["quality"]["rows"] + results.get("bilstm", {}).get("rows", [])
    return rows


def table_row(row: dict[str, Any], four: dict[str, Any]) -> str:
    def difference(name: str) -> str:
        if not row["against_four"]:
            return ""
        p = max(row["against_four"][f"{name}_p"])
        bound = f"p {p:.4f}" if p > 2 / SAMPLES else f"p < {2 / SAMPLES:.4f}"
        return f"{mean(row, name) - mean(four, name):+.2f} ({bound})".replace("-", "−")

    f1 = [100 * seed["f1"] for seed in row["seeds"]]
    span = f" [{min(f1):.2f}, {max(f1):.2f}]" if len(f1) > 1 else ""
    cells = [row["labeler"], str(row["tags"]), f"{mean(row, 'f1'):.2f}{span}", difference("f1")]
    cells += [f"{mean(row, 'oov_recall'):.2f}", f"{mean(row, 'long_recall'):.2f}", difference("long_recall")]
    cells.append(f"{row['margin']:g}, {row['epochs']}" if "margin" in row else "")
    return f"| {' | '.join(cells)} |"


def plot(results: dict[str, Any], path: Path) -> None:
    """Draw each figure of each labeler against the number of tags, a line for each corpus."""
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams |= {"font.size": 9}
    from matplotlib import pyplot

    names = {"f1": "F1", "oov_recall": "OOV recall", "long_recall": f"recall of words\nof {LONG}+ characters"}
    every = every_row(results)
    labelers = list(dict.fromkeys(row["labeler"] for row in every))
    figure, panels = pyplot.subplots(
        len(names), len(labelers), figsize=(9.8, 6), sharex=True, squeeze=False, layout="constrained"
    )
    for (name, title), line in zip(names.items(), panels, strict=True):
        for labeler, panel in zip(labelers, line, strict=True):
            for corpus, marker in zip(CORPORA, "osD", strict=True):
                rows = [row for row in every if (row["corpus"], row["labeler"]) == (corpus, labeler)]
                seeds = np.array([[100 * seed[name] for seed in row["seeds"]] for row in rows])
                middle = seeds.mean(axis=1)
                panel.errorbar(
                    [row["tags"] for row in rows], middle,
                    (middle - seeds.min(axis=1), seeds.max(axis=1) - middle),
                    marker=marker, markersize=4, capsize=3, label=corpus,
                )  # fmt: skip
            panel.set_xticks([scheme.size for scheme in SCHEMES])
            panel.grid(alpha=0.3)
        line[0].set_ylabel(f"{title}, %")
    for labeler, first, last in zip(labelers, panels[0], panels[-1], strict=True):
        first.set_title(labeler.replace(", ", ",\n"))
        last.set_xlabel("tags")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(CORPORA))
    figure.savefig(path, dpi=80, pil_kwargs={"optimize": True})


@click.command(help=__doc__)
@output_option
@click.option("--only", type=click.Choice(["quality", "bilstm", "speed", "tables"]),
              help="A part; the rest is of the last time.")  # fmt: skip
@click.option("--work", default="tag-sets-work", type=click.Path(path_type=Path), help="Where trainings are kept.")
def main(output: Path, only: str | None, work: Path) -> None:
    if only != "tables":
        corpora_folder()  # an error now, not after an hour
    results = read_json(output / "tag_sets.json") if only else {}
    made = {"setting": setting("numpy", "jieba")}
    if only in (None, "speed"):
        results["speed"] = made | {"rows": measure_speed(jieba_word_list())}
    if only in (None, "quality"):
        word_list = jieba_word_list()
        results["quality"] = made | {"rows": [row for name in CORPORA for row in measure_corpus(name, word_list)]}
    if only in (None, "bilstm"):
        work.mkdir(parents=True, exist_ok=True)
        word_list = jieba_word_list()
        rows = [row for name in CORPORA for row in measure_bilstm(name, word_list, work)]
        results["bilstm"] = {"setting": setting("numpy", "torch", "jieba"), "rows": rows}
    plot(results, output / "tag_sets.png")
    write_figures(output, "tag_sets", results, render(results))


if __name__ == "__main__":
    main()
