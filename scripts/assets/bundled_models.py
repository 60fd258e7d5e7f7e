"""Train the bundled linear models, from the corpora under CWS_CORPORA.

    CWS_CORPORA=… python -m scripts.assets.bundled_models           # all, into cws/data
    CWS_CORPORA=… python -m scripts.assets.bundled_models heads -o DIR

There are two trainings. `heads` learns the standards together, for a model of each that is best at home. `general`
learns the Chinese Treebank's with what readers demand, beside the others, and is chosen on other text than news. The
same corpora and package versions give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click

from cws.corpus import cut_sentences, read_marks, read_segmented
from cws.corpus.marks import CUT, MarkedSentence
from cws.training.linear import LinearText, train_standards
from cws.training.linear_choice import Criterion
from cws.training.linear_options import LinearOptions
from cws.training.linear_text import Part, Standard
from cws.word_list import jieba_word_list, read_word_list
from scripts.measuring import ROOT, corpora_folder

# What each standard learns from, its dev set where the corpus has one, and how often a sentence is seen in an epoch.
CORPORA = {
    "ctb": ("seg/ctb6.train.txt", "seg/ctb6.dev.txt", 1.0),
    "pku": ("seg/pku.train.txt", None, 1.0),
    "sxu": ("seg/sxu.train.txt", None, 1.0),
    "ud": ("seg/ud.train.txt", "seg/ud.dev.txt", 1.0),
    "cnc": ("seg/cnc.train.txt.xz", None, 0.3),
}
SOURCES = {
    "ctb": "Chinese Treebank 6, training part (LDC)",
    "pku": "People's Daily, January 1998 (PFR; for research)",
    "sxu": "SIGHAN-2008 SXU, training part (for research)",
    "ud": "UD Chinese GSD, training part (CC BY-SA)",
    "cnc": "balanced corpus of the National Language Committee (no licence stated)",
}
# The larger lists that say which characters make words; jieba's comes from the installed package.
LEXICONS = {
    "webdict_freq.txt": "webdict (Unlicense)",
    "jionlp_word_freq.txt": "JioNLP word frequencies (Apache-2.0)",
    "thuocl.txt": "THUOCL (MIT)",
    "hsk.txt": "HSK word list (MIT)",
}
MARKS = {
    "own sentences with readers' marks (CC0)": ROOT / "corpora" / "sentences" / "marks.txt",
    "1,000 sentences of permissive and share-alike text with readers' marks": "readers/train.txt",
}
MARKS_WEIGHT = 4.0
CHOOSE_ON = {"readers/sentences.txt": 3.0, "seg/foreign/zx.dev.txt": 1.0, "seg/foreign/medical.dev.txt": 1.0,
             "seg/foreign/pud.txt": 1.0}  # fmt: skip
DESCRIPTIONS = {
    "general": "text of today: the Chinese Treebank's words, with today's vocabulary and what readers demand",
    "ctb": "Chinese Treebank standard, news and web: names whole, organisations cut",
    "pku": "PKU standard, news: names cut, many organisations whole",
    "sxu": "SXU standard, news: names whole, numbers and units of dates cut",
    "ud": "Universal Dependencies (GSD), Wikipedia: names of Chinese persons cut, suffixes cut",
}
BUNDLED = ("general", "ctb", "pku", "sxu", "ud")
LEXICON_PRUNE = {"ctb": 9, "pku": 7}
PRUNED = {"prune": (6,), "lexicon_prune": 11, "tolerance": 1.0}  # so that all of them take less than 60 MB


def read_standard(name: str, root: Path) -> Standard:
    """Return a corpus as it is learned from."""
    train, dev, weight = CORPORA[name]
    sentences = cut_sentences(list(read_segmented(root / train)))
    dev_sentences = list(read_segmented(root / dev)) if dev else None
    return Standard(name, [Part(sentences, weight)], dev_sentences, LEXICON_PRUNE.get(name))


def description_of(name: str, *more: str) -> dict[str, object]:
    """Return what the cws.json of a model says of it."""
    first = "ctb" if name == "general" else name
    others = [source for other, source in SOURCES.items() if other != first]
    return {
        "name": name,
        "description": DESCRIPTIONS[name],
        "sources": [SOURCES[first], *others, *more, "jieba 0.42.1 word list (MIT)", *LEXICONS.values()],
    }


def train_heads(standards: dict[str, Standard], word_lists: list[dict[str, int | None]], output: Path) -> None:
    """Train ctb, pku, sxu and ud."""
    names = list(CORPORA)
    is_written = {name: name in BUNDLED for name in names}
    train_standards(
        LinearText([standards[name] for name in names], word_lists),
        [output / name if is_written[name] else None for name in names],
        options=LinearOptions(averaged=4, **PRUNED),
        descriptions=[description_of(name) if is_written[name] else {} for name in names],
        log_line=click.echo,
    )


def train_general(standards: dict[str, Standard], word_lists: list[dict[str, int | None]], output: Path) -> None:
    """Train general: the standard of ctb, with the marks."""
    root = corpora_folder()
    marks = [sentence for path in MARKS.values() for sentence in read_marks(root / path)]
    ctb = standards["ctb"]
    sentences = ctb.parts[0].sentences
    joined = joined_words(sentences, word_lists, marks)
    click.echo(f"{len(joined)} words are always joined: {' '.join(sorted(joined))}")
    parts = [Part([join(words, joined) for words in sentences]), Part(marks, MARKS_WEIGHT)]
    general = Standard("general", parts, ctb.dev)
    others = [Standard(one.name, [Part(part.sentences) for part in one.parts], one.dev) for one in standards.values()]
    chosen_on = [Criterion(read_gold(root / path), weight) for path, weight in CHOOSE_ON.items()]
    text = LinearText([general, *(one for one in others if one.name != "ctb")], word_lists, choose_on=chosen_on)
    train_standards(
        text,
        [output / "general", *[None] * (len(text.standards) - 1)],
        # The figure is flat from the second epoch on; after pruning, the fifth is the best.
        options=LinearOptions(
            averaged=3,
            own_rate=0.5,
            lexicon_weights=(1.0, 1.2, 1.4, 1.6),
            prune=(8,),
            lexicon_prune=8,
            tolerance=1.0,
            epochs=5,
            min_gain=-1.0,
        ),
        descriptions=[description_of("general", *MARKS), *[{} for _ in others[1:]]],
        log_line=click.echo,
    )


def joined_words(
    sentences: list[list[str]], word_lists: list[Mapping[str, int | None]], marks: list[MarkedSentence]
) -> set[str]:
    """Return words of two characters that are joined wherever CTB cuts them, so that they are not cut in two ways.

    They are those that CTB both joins and cuts as grammar has it (还有, 只是), most word lists hold, and no reader
    wants cut. What CTB always cuts (尚未, 就是) stays cut: joining that too costs 0.5 of F1 on gold like CTB's.
    """
    together = Counter(word for words in sentences for word in words if len(word) == 2)
    apart = Counter(a + b for words in sentences for a, b in pairwise(words) if len(a) == len(b) == 1)
    lists = Counter(word for word_list in word_lists for word in word_list if len(word) == 2)
    places = [(one.text[at : at + 2], place) for one in marks for at, place in enumerate(one.places)]
    seen, demanded = Counter(pair for pair, _ in places), Counter(pair for pair, place in places if place == CUT)
    return {
        word
        for word, count in apart.items()
        if count >= 10 and 0.05 * count <= together[word] <= 20 * count and lists[word] >= 4
        if seen[word] and demanded[word] <= 0.1 * seen[word]
    }


def join(words: Sequence[str], joined: Collection[str]) -> list[str]:
    """Return the words, two single characters that make one of `joined` as one."""
    result: list[str] = []
    for word in words:
        if result and len(word) == len(result[-1]) == 1 and result[-1] + word in joined:
            result[-1] += word
        else:
            result.append(word)
    return result


def read_gold(path: Path) -> list[MarkedSentence] | list[list[str]]:
    """Return what a file is to choose on."""
    return list(read_marks(path)) if path.parent.name == "readers" else list(read_segmented(path))


@click.command(help=__doc__)
@click.argument("trainings", nargs=-1, type=click.Choice(["general", "heads"]))
@click.option("-o", "--output", default=ROOT / "cws" / "data", type=click.Path(path_type=Path))
def main(trainings: tuple[str, ...], output: Path) -> None:
    root = corpora_folder()
    word_lists = [jieba_word_list(), *(read_word_list(root / "lexicons" / name) for name in LEXICONS)]
    standards = {name: read_standard(name, root) for name in CORPORA}
    for name in trainings or ("general", "heads"):
        click.echo(f"== {name}")
        {"general": train_general, "heads": train_heads}[name](standards, word_lists, output)


if __name__ == "__main__":
    main()
