"""Measure whether user dictionaries are obeyed, and what they do to a text, and write docs/figures/own_words.*.

    CWS_CORPORA=… python -m scripts.studies.own_words

Nothing is chosen here: the tolerance of decided words and the weights of lexicons were chosen on dev sets
(docs/notebook/user_dictionary.md). Lists of words are of the text itself, of a lexicon that `cws lexicon build` makes,
of jieba's list, and of product names that are made up.
"""

from __future__ import annotations

import random
import re
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

import cws
from cws.corpus import read_segmented
from cws.lexicon.build import build
from cws.lexicon.lexicon import Lexicon
from cws.metrics import score
from cws.user_dictionary import UserDictionary
from cws.word_list import jieba_word_list
from scripts.measuring import CORPORA, corpora_folder, made_by, output_option, setting, write_figures

MODELS = ("ctb", "pku")
HAN = re.compile(r"[\u3400-\u9fff〇]+")
GENERAL = 21_898  # words
SENTENCE = "他说：“{}”。"  # for a word of jieba's list
BRANDS = ("小米", "华为", "荣耀", "联想", "海尔", "美的", "格力", "大疆", "科沃斯", "云鲸", "石头", "追觅")
MODEL_NAMES = ("Pro", "Max", "Air", "Ultra", "Mini", "Plus", "SE", "Lite", "Neo", "青春版", "旗舰", "")
PRODUCTS = (
    "笔记本", "手机", "扫地机器人", "空气净化器", "电动牙刷", "平衡车", "智能手表", "路由器", "电饭煲", "行车记录仪",
    "投影仪", "洗碗机", "蓝牙耳机", "平板电脑",
)  # fmt: skip


def sentences_of(name: str) -> list[list[str]]:
    """Return the sentences of a segmented corpus, by the name of its file."""
    return list(read_segmented(CORPORA / "seg" / f"{name}.txt"))


def f1(model: str, dictionary: UserDictionary | None, gold: Sequence[Sequence[str]]) -> float:
    """Return F1 in percent."""
    segmenter = cws.load(model, user_dictionary=dictionary) if dictionary else cws.load(model)
    return 100 * score(gold, segmenter.segment_batch(["".join(words) for words in gold])).f1


def taken_alone(model: str, words: Sequence[str]) -> float:
    """Return the share of words, in percent, that are one word in SENTENCE when each alone is in the dictionary."""
    segmenter = cws.load(model)
    hits = 0
    for word in words:
        segmenter.add_word(word)
        hits += word in segmenter.segment(SENTENCE.format(word))
        segmenter.remove_word(word)
    return 100 * hits / len(words)


def product_names(count: int) -> list[str]:
    """Return made names such as 小米Pro笔记本73: a brand, a name, a product, a number."""
    chance = random.Random(1)
    names: dict[str, None] = {}
    while len(names) < count:
        number = chance.choice(["", str(chance.randint(1, 99))])
        names["".join(map(chance.choice, (BRANDS, MODEL_NAMES, PRODUCTS))) + number] = None
    return list(names)


def measure_words_of_the_text() -> dict[str, dict[str, float]]:
    """Return F1 on ctb6.test with every Han word of it, single characters too, as decided words; and without."""
    gold = sentences_of("ctb6.test")
    dictionary = UserDictionary(sorted({word for words in gold for word in words if HAN.fullmatch(word)}))
    return {model: {"plain": f1(model, None, gold), "decided": f1(model, dictionary, gold)} for model in MODELS}


def measure_lexicon() -> dict[str, dict[str, float]]:
    """Return F1 on ctb6.test with the lexicon of ctb6.train's text as user dictionary; and without."""
    gold = sentences_of("ctb6.test")
    with tempfile.TemporaryDirectory() as folder:
        raw, path = Path(folder, "raw.txt"), Path(folder, "lexicon.txt")
        raw.write_text("".join("".join(words) + "\n" for words in sentences_of("ctb6.train")), "utf-8")
        lexicon: Lexicon = build([str(raw)], threads=2).lexicon
        lexicon.save(path)
        dictionary = UserDictionary.read(path)
    return {model: {"plain": f1(model, None, gold), "evidence": f1(model, dictionary, gold)} for model in MODELS}


def measure_cut_words() -> dict[str, dict[str, float]]:
    """Return how many of jieba's words that a model cuts are taken, by length: 60 of each, one at a time."""
    listed = [word for word in jieba_word_list() if HAN.fullmatch(word)]
    rows: dict[str, dict[str, float]] = {}
    for model in MODELS:
        segmenter = cws.load(model)
        row = {}
        for length in range(2, 9):
            candidates = [word for word in listed if len(word) == length]
            random.Random(1).shuffle(candidates)
            cut = [word for word in candidates if word not in segmenter.segment(SENTENCE.format(word))][:60]
            row[str(length)] = taken_alone(model, cut)
        rows[model] = {**row, "all": sum(row.values()) / len(row)}
    return rows


def measure_products() -> dict[str, float]:
    """Return how many of 500 product names are taken with 5,000 of them listed."""
    names = product_names(5000)
    chosen = random.Random(2).sample(names, 500)
    rows = {}
    for model in MODELS:
        segmenter = cws.load(model, user_dictionary=names)
        hits = sum(name in segmenter.segment(f"昨天买了{name}，挺好用的。") for name in chosen)
        rows[model] = 100 * hits / len(chosen)
    return rows


def general_lists() -> dict[str, list[str]]:
    """Return words of three and more characters of jieba's list: some at random, and the most frequent."""
    counts = {word: count or 0 for word, count in jieba_word_list().items() if len(word) > 2}
    return {
        "at random": random.Random(11).sample(sorted(counts), GENERAL),
        "the most frequent": sorted(counts, key=lambda word: (-counts[word], word))[:GENERAL],
    }


def measure_general_lists() -> dict[str, dict[str, Any]]:
    """Return F1 of model pku on pku.test with general words, as evidence, decided and forced."""
    gold = sentences_of("pku.test")
    text = "\n".join("".join(words) for words in gold)
    results = {}
    for name, words in general_lists().items():
        chance = random.Random(1)
        dictionaries: dict[str, UserDictionary | None] = {"plain": None}
        for weight in (1, 2, 3, 4, 5):
            dictionaries[f"evidence {weight}"] = UserDictionary([(word, weight) for word in words])
        dictionaries["evidence 1 to 5"] = UserDictionary([(word, chance.randint(1, 5)) for word in words])
        dictionaries["decided"] = UserDictionary(words)
        dictionaries["forced"] = UserDictionary(words).forced()
        results[name] = {
            "in_the_text": sum(word in text for word in words),
            "f1": {strength: f1("pku", dictionary, gold) for strength, dictionary in dictionaries.items()},
        }
    return results


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    text, lexicon, products = results["words_of_the_text"], results["lexicon"], results["products"]
    cut, general = results["cut_words"], results["general_lists"]
    lengths = list(cut["pku"])
    lines = [
        "# Own words: obeyed, and without damage", "",
        made_by("CWS_CORPORA=… python -m scripts.studies.own_words", results["setting"]), "",
        "F1 on ctb6.test, in percent: with every Han word of that text decided, single characters too, and with the"
        " lexicon that `cws lexicon build` makes of the text of ctb6.train.", "",
        "| model | no dictionary | words of the text | lexicon |", "|---|---:|---:|---:|",
        *(f"| {model} | {text[model]['plain']:.2f} | {text[model]['decided']:.2f} | {lexicon[model]['evidence']:.2f} |"
          for model in MODELS), "",
        f"Taken, in percent: 60 words of each length of jieba's list that the model cuts in {SENTENCE.format('…')}, one"
        " at a time; and 500 of 5,000 made product names in 昨天买了…，挺好用的。", "",
        "| model | " + " | ".join(f"{one} characters" if one != "all" else "all" for one in lengths)
        + " | product names |",
        "|---|" + "---:|" * (len(lengths) + 1),
        *(f"| {model} | " + " | ".join(f"{cut[model][one]:.1f}" for one in lengths) + f" | {products[model]:.1f} |"
          for model in MODELS), "",
        f"F1 of model pku on pku.test, in percent, with {GENERAL:,} words of three and more characters of jieba's list."
        " What decided words lose is the standard of that list, which joins what pku cuts; the report of"
        " `--dictionary-report` says which.", "",
        "| words | in the text | " + " | ".join(general["at random"]["f1"]) + " |",
        "|---|" + "---:|" * (1 + len(general["at random"]["f1"])),
        *(f"| {name} | {row['in_the_text']:,} | " + " | ".join(f"{value:.2f}" for value in row["f1"].values()) + " |"
          for name, row in general.items()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@output_option
def main(output: Path) -> None:
    corpora_folder()
    warnings.simplefilter("ignore")  # of words with placeholders, which are left out
    results = {
        "setting": setting("jieba"), "words_of_the_text": measure_words_of_the_text(), "lexicon": measure_lexicon(),
        "cut_words": measure_cut_words(), "products": measure_products(), "general_lists": measure_general_lists(),
    }  # fmt: skip
    write_figures(output, "own_words", results, render(results))


if __name__ == "__main__":
    main()
