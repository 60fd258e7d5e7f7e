"""What each step of the lexicon builder gives: the tables of docs/notebook/lexicon.md, as Markdown on stdout.

CWS_CORPORA=... python -m scripts.studies.lexicon [--test] [--information] [--raw [CHARACTERS]]

The lexicon is learned from the text of pku.train, ctb6.train and sxu.train without its blanks, F1 is that on ctb6.dev;
--test scores the last lexicon on the test sets too. --raw adds the raw corpora to the text, at most so many characters
of each domain, and looks at all of it (without a number: all of the corpora, of which a sample of 4 million is looked
at); only the last row is made then. --information compares L with that of other vocabularies (it needs
the packages jieba and sentencepiece).
"""

from __future__ import annotations

import argparse
import lzma
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cws.corpus import read_segmented
from cws.lexicon import (
    BuildOptions,
    Lexicon,
    NgramIndex,
    SamplerOptions,
    build_from_counts,
    candidates,
    count_texts,
    cut,
    estimate,
    held_out_information,
    least_count,
    minimise,
    prune,
    refine,
    retag,
    sample_runs,
    segment_by_autonomy,
    truncate,
)
from cws.metrics import score
from cws.word_list import jieba_word_list
from scripts.measuring import CORPORA

SEG = CORPORA / "seg"
WHOLE = 10**12  # characters: all there are
TRAIN = ("pku.train", "ctb6.train", "sxu.train")
HELD_OUT = ("ctb6.dev", "ctb6.test", "sxu.test")  # ctb6.dev chose the candidates, the others chose nothing
TESTS = ("pku.test", "ctb6.test", "sxu.test")


def gold(name: str) -> list[list[str]]:
    return list(read_segmented(SEG / f"{name}.txt"))


def texts(name: str) -> list[str]:
    return ["".join(words) for words in gold(name)]


class Table:
    """Rows of the ablation, printed as they come."""

    def __init__(self, singles: Mapping[str, int]) -> None:
        self.singles = singles
        self.dev = gold("ctb6.dev")
        self.started = time.perf_counter()
        print("| step | words | L of the text | F1 | P | R | seconds |\n|---|---:|---:|---:|---:|---:|---:|")

    def add(self, name: str, counts: Mapping[str, float]) -> Lexicon:
        whole = {word: max(1, round(count)) for word, count in counts.items()}
        lexicon = Lexicon.of({**dict.fromkeys(self.singles, 1), **whole})
        seconds = time.perf_counter() - self.started
        found = score(self.dev, (lexicon.segment("".join(words)) for words in self.dev))
        figures = " | ".join(f"{100 * figure:.2f}" for figure in (found.f1, found.precision, found.recall))
        size, bits = len(lexicon.entries), lexicon.information()
        print(f"| {name} | {size:,} | {bits:.3f} | {figures} | {seconds:.0f} |", flush=True)
        self.started = time.perf_counter()
        return lexicon


def ablation(index: NgramIndex, sample: list[str]) -> Lexicon:
    text = "\n".join(sample)
    singles = Counter(text)
    singles.pop("\n", None)
    least = least_count(len(text) - len(sample) + 1)
    table = Table(singles)
    table.add("characters", singles)
    pairs = cut(text, index, min_pmi=(1.0,), min_count=least)
    table.add("cut pairs, truncate", truncate(pairs, min_count=least, longest=4))
    pieces = truncate(cut(text, index, min_count=least), min_count=least, longest=4)
    table.add("cut n-grams, truncate", pieces)
    pruned = prune(pieces)
    table.add("+ prune", pruned)
    table.add("+ estimate", estimate(text, pruned).counts)
    table.add("least information", minimise(text, candidates(index, min_count=least)).counts)
    words = segment_by_autonomy(sample, threads=1)
    table.add("autonomy", words.word_counts())
    options = SamplerOptions()
    words = refine(words, options)
    table.add("+ refine", words.word_counts())
    words = retag(words)
    table.add("+ retag", words.word_counts())
    words = refine(words, SamplerOptions(sweeps=options.sweeps // 2, seed=options.seed + 1))
    table.add("+ refine", words.word_counts())
    return table.add("+ retag", retag(words).word_counts())


def raw_lines(most: int) -> Iterator[str]:
    """Yield lines of every domain, at random but always the same, of so many characters or as many as there are."""
    for path in sorted((CORPORA / "raw").glob("*.txt.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            lines = file.read().split("\n")
        random.Random(1).shuffle(lines)
        left = most
        for line in lines:
            if left <= 0:
                break
            yield line
            left -= len(line)


def with_raw(lines: list[str], most: int | None) -> Lexicon:
    """Print the F1 of the lexicon of words of these lines and of raw text."""
    lines = [*lines, *raw_lines(most or WHOLE)]
    sample = sample_runs(lines, WHOLE if most else BuildOptions().sample)
    table = Table({})
    counts = count_texts(lines, n=1)
    words = build_from_counts(counts, sample, threads=1, log_line=lambda line: None).words
    assert words is not None
    return table.add(f"{counts.characters / 1e6:.1f} million characters", words.word_counts())


def information(lines: list[str], sample: list[str]) -> None:
    import sentencepiece

    index = NgramIndex(count_texts(lines, n=8, min_count=2))
    text = "\n".join(sample)
    held_out = ["\n".join(sample_runs(texts(name), 10**9)) for name in HELD_OUT]
    singles = {character: float(count) for character, count in Counter(text).items() if character != "\n"}
    ours = minimise(text, candidates(index, min_count=3)).counts
    print(f"\n| vocabulary | words | {' | '.join(HELD_OUT)} |\n|---|---:|{'---:|' * len(HELD_OUT)}")

    def add(name: str, counts: Mapping[str, float]) -> None:
        bits = " | ".join(f"{held_out_information(text, counts):.3f}" for text in held_out)
        print(f"| {name} | {len(counts):,} | {bits} |", flush=True)

    add("characters", singles)
    jieba = {**dict.fromkeys(jieba_word_list(), 1.0), **dict.fromkeys(singles, 1.0)}
    add("jieba's list, re-estimated", estimate(text, jieba, iterations=6).counts)
    with tempfile.TemporaryDirectory() as folder:
        raw, prefix = Path(folder) / "raw.txt", Path(folder) / "model"
        raw.write_text(text, "utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(raw), model_prefix=str(prefix), vocab_size=len(ours), character_coverage=1.0, minloglevel=2,
            add_dummy_prefix=False, num_threads=2, hard_vocab_limit=False,
        )  # fmt: skip
        model = sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")
    ids = [i for i in range(model.get_piece_size()) if not model.is_control(i) and not model.is_unknown(i)]
    pieces = {model.id_to_piece(i).replace("\u2581", ""): 1.0 for i in ids}
    pieces.pop("", None)
    add("SentencePiece unigram, re-estimated", estimate(text, {**singles, **pieces}, iterations=6).counts)
    add("least information", ours)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--information", action="store_true")
    parser.add_argument("--raw", type=int, nargs="?", const=0, metavar="CHARACTERS")
    arguments = parser.parse_args()
    lines = [line for name in TRAIN for line in texts(name)]
    if arguments.information:
        information(lines, sample_runs(lines, 4_000_000))
        return
    if arguments.raw is not None:
        lexicon = with_raw(lines, arguments.raw)
    else:
        lexicon = ablation(NgramIndex(count_texts(lines, n=4, min_count=2)), sample_runs(lines, 4_000_000))
    if arguments.test:
        print("\n| test | F1 | P | R |\n|---|---:|---:|---:|")
        for name in TESTS:
            found = score(gold(name), map(lexicon.segment, texts(name)))
            print(f"| {name} | " + " | ".join(f"{100 * x:.2f}" for x in (found.f1, found.precision, found.recall)), "|")


if __name__ == "__main__":
    main()
