"""What the parts of the linear labeler are worth: dev F1 without this or that, as a table in Markdown.

    CWS_CORPORA=… python -m scripts.studies.linear

Dev is ctb6's own; for pku and sxu the last tenth of the training file, which is harder than a random tenth. A row is
one training, its figure that of the weights after eight epochs in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from cws.corpus import read_segmented
from cws.labelers.alphabet import Alphabet
from cws.training.linear_options import LinearOptions
from cws.training.linear_trainer import best_tags, make_trainer, word_f1
from cws.training.ngram_classes import WordList, lexicon_entries
from cws.word_list import jieba_word_list, read_word_list
from scripts.measuring import corpora_folder

EPOCHS = 8
LISTS = ("webdict_freq.txt", "jionlp_word_freq.txt", "thuocl.txt", "hsk.txt")
Corpus = Sequence[list[str]]


def dev_f1(train: Corpus, dev: Corpus, word_lists: Sequence[WordList], options: LinearOptions) -> float:
    """Return F1 on dev in percent."""
    alphabet = Alphabet.of(["".join(map("".join, train)), *map("".join, word_lists)])
    trainer = make_trainer(alphabet, lexicon_entries(alphabet, word_lists, options.frequent), train, options)
    for _ in range(EPOCHS):
        trainer.run_epoch()
    codes, tags, lengths = alphabet.encode_corpus(dev)
    return 100 * word_f1(tags, best_tags(trainer, codes, lengths))


def without_counts(word_list: WordList) -> WordList:
    return dict.fromkeys(word_list)


@click.command(help=__doc__)
def main() -> None:
    root = corpora_folder()
    corpora: dict[str, tuple[Corpus, Corpus]] = {
        "ctb6": (list(read_segmented(root / "seg/ctb6.train.txt")), list(read_segmented(root / "seg/ctb6.dev.txt")))
    }
    for name in ("pku", "sxu"):
        sentences = list(read_segmented(root / f"seg/{name}.train.txt"))
        tenth = len(sentences) // 10
        corpora[name] = sentences[:-tenth], sentences[-tenth:]
    jieba = jieba_word_list()
    lists = [jieba, *(read_word_list(root / "lexicons" / name) for name in LISTS)]
    merged: WordList = {word: None for word_list in lists for word in word_list}
    base = LinearOptions()
    rows: dict[str, Callable[[], tuple[Sequence[WordList], LinearOptions]]] = {
        "as it is: five lists, margin 2, learning rate 0.07, trigrams that occur three times": lambda: (lists, base),
        "the lists without counts": lambda: ([without_counts(one) for one in lists], base),
        "the lists merged into one": lambda: ([merged], base),
        "jieba's list alone": lambda: ([jieba], base),
        "no list": lambda: ([], base),
        "no margin": lambda: (lists, replace(base, margin=0.0)),
        "margin 3": lambda: (lists, replace(base, margin=3.0)),
        "learning rate 0.04": lambda: (lists, replace(base, learning_rate=0.04)),
        "learning rate 0.12": lambda: (lists, replace(base, learning_rate=0.12)),
        "trigrams that occur once": lambda: (lists, replace(base, min_trigram_count=1)),
    }
    click.echo(f"| | {' | '.join(corpora)} |\n|---|{'---:|' * len(corpora)}")
    for name, make in rows.items():
        figures = [f"{dev_f1(train, dev, *make()):.2f}" for train, dev in corpora.values()]
        click.echo(f"| {name} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
