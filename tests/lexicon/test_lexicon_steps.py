"""Symbols, statistics and the steps of the lexicon builder, each against a definition written out."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lexicon_texts import HAN, RUNS, WORDS, made_text, segmentations
from strategies import any_text

from cws._native import TextLattice, cut_pieces, link_ngrams, prune_words
from cws.errors import InputError
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.counting.count import count_texts
from cws.lexicon.entropy import merge_gain, pmi
from cws.lexicon.minimise import candidates, held_out_information, minimise
from cws.lexicon.reference import cut_reference, prune_reference
from cws.lexicon.steps import cut, estimate, prune, truncate
from cws.lexicon.symbols import runs, split
from cws.text import HANZI, NUMERAL, character_type

# Symbols


def test_symbols_runs_keep_numbers_and_latin_words_whole() -> None:
    assert runs("１９９８年3.5%的ＰＫＵ，二十一个；一个") == "0年0的a\n0个\n一个"


def test_symbols_han_agrees_with_character_types() -> None:
    for code in (*range(0x2E00, 0x3400), *range(0x4DB0, 0x4E10), *range(0x9FF0, 0xA010), 0xF900, 0xFAFF, 0x20000):
        is_symbol = runs(chr(code)) != ""
        assert is_symbol == (character_type(chr(code)) in (HANZI, NUMERAL)), hex(code)


@given(any_text(), st.integers(1, 3))
def test_symbols_split_never_loses_text(text: str, size: int) -> None:
    words = split(text, lambda run: [run[at : at + size] for at in range(0, len(run), size)])
    assert "".join(words) == text
    assert all(words)


@given(st.text(st.sampled_from("09０９azＡｚ.．%％一二〇万两人，。 \n\ud800𠀀")) | any_text())
def test_symbols_runs_are_the_words_of_split_symbol_by_symbol(text: str) -> None:
    found: list[str] = []

    def cut_run(run: str) -> list[str]:
        found.append(run)
        return [run]

    split(text, cut_run)
    assert runs(text) == "\n".join(found)


def test_symbols_split_keeps_white_space_as_other_models_do() -> None:
    assert split("丁 \t\n \n——上", list) == ["丁", " \t\n", " \n", "——", "上"]


# Statistics


@given(RUNS)
def test_candidates_statistics_are_those_of_every_cut(lines: list[str]) -> None:
    counts = count_texts(lines, n=3, threads=1)
    index = NgramIndex(counts)
    total = sum(map(len, lines))
    occurrences = Counter(line[i:j] for line in lines for i in range(len(line)) for j in range(i + 1, len(line) + 1))
    for order, table in enumerate(counts.tables[1:], 2):
        statistic = index.statistics(order, np.arange(len(table.counts)))
        for row, ngram in enumerate(table.strings().tolist()):
            p = occurrences[ngram] / total
            cuts = [[occurrences[ngram[:k]] / total, occurrences[ngram[k:]] / total] for k in range(1, len(ngram))]
            weakest = min(cuts, key=lambda parts: float(pmi(p, parts)))
            assert statistic.pmi[row] == pytest.approx(float(pmi(p, weakest)))
            gains = [float(merge_gain(p, c)) for c in cuts if float(pmi(p, c)) == pytest.approx(statistic.pmi[row])]
            assert any(statistic.gain[row] == pytest.approx(gain, abs=1e-12) for gain in gains)


@given(RUNS, st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=5), max_size=8))
def test_candidates_lookup_finds_what_is_there(lines: list[str], words: list[str]) -> None:
    counts = count_texts(lines, n=3, threads=1)
    orders, rows = NgramIndex(counts).lookup(words)
    for word, order, row in zip(words, orders.tolist(), rows.tolist(), strict=True):
        table = counts.tables[order - 1].strings().tolist() if order <= len(counts.tables) else []
        assert row == (table.index(word) if word in table else -1)


@given(RUNS)
def test_candidates_links_are_rows_of_the_parts(lines: list[str]) -> None:
    counts = count_texts(lines, n=4, threads=1)
    index = NgramIndex(counts)
    for order in range(2, 5):
        shorter = counts.tables[order - 2].strings()
        ngrams = counts.tables[order - 1].strings().tolist()
        assert shorter[index.prefixes[order - 1]].tolist() == [ngram[:-1] for ngram in ngrams]
        assert shorter[index.suffixes[order - 1]].tolist() == [ngram[1:] for ngram in ngrams]


@pytest.mark.parametrize(
    "tables",
    [[[[2], [1]]], [[[1], [2]], [[1, 3]]], [[[1], [2]], [[3, 1]]], [[[1], [2]], [[2, 1], [1, 2]]], [[[1, 2]]]],
)
def test_candidates_links_of_other_tables_are_errors(tables: list[list[list[int]]]) -> None:
    with pytest.raises(ValueError, match="expected tables of"):
        link_ngrams([np.array(table, np.uint32) for table in tables])


# Cut, truncate, prune


@given(RUNS, st.sets(st.text(st.sampled_from(HAN), min_size=2, max_size=4), max_size=5), st.integers(1, 3))
def test_cut_equals_reference(lines: list[str], strong: set[str], threads: int) -> None:
    text = "\n".join(lines)
    tables = [
        np.array([list(map(ord, word)) for word in strong if len(word) == order], np.uint32).reshape(-1, order)
        for order in (2, 3, 4)
    ]
    words, counts = cut_pieces(text, tables, 4, threads)
    assert list(zip(words, counts.tolist(), strict=True)) == list(cut_reference(text, strong, 4).items())


def test_cut_of_nothing() -> None:
    assert cut("", NgramIndex(count_texts(["丁上"], n=2, threads=1))) == Counter()


def test_cut_pieces_are_the_text_between_weak_places() -> None:
    lines = ["丁上", "丁上", "丁上下", "一", "下"] * 4
    index = NgramIndex(count_texts(lines, n=2, threads=1))
    assert cut("\n".join(lines), index, min_pmi=(0.5,)) == Counter({"丁上": 12, "下": 8, "一": 4})


@given(RUNS)
def test_cut_loses_no_character_without_back_check(lines: list[str]) -> None:
    index = NgramIndex(count_texts(lines, n=2, threads=1))
    pieces = cut("\n".join(lines), index, min_pmi=(0.0,))
    assert sum(len(piece) * count for piece, count in pieces.items()) == sum(map(len, lines))


def test_cut_back_check_drops_pieces_that_do_not_hold_together() -> None:
    lines = ["丁上下"] * 5 + ["丁上", "上下"] * 20 + ["一"] * 20
    index = NgramIndex(count_texts(lines, n=3, threads=1))
    pairs_alone = cut("\n".join(lines), index, min_pmi=(0.0,))
    assert "丁上下" in pairs_alone
    assert "丁上下" not in cut("\n".join(lines), index, min_pmi=(0.0, 6.0))


def test_truncate_keeps_single_characters() -> None:
    assert truncate({"丁": 1, "丁上": 1, "上下": 3, "丁上下": 3}, min_count=2, longest=2) == {"丁": 1, "上下": 3}


def test_prune_gives_the_counts_of_a_word_to_its_parts() -> None:
    words = {"丁上": 50, "下一": 50, "丁上下一": 2}
    assert prune(words, min_pmi=1, more=1) == {"丁": 1, "上": 1, "下": 1, "一": 1, "丁上": 52, "下一": 52}


def test_prune_keeps_what_its_parts_cannot_explain() -> None:
    words = {"丁上": 2, "下一": 2, "丁上下一": 50}
    assert prune(words, min_pmi=1, more=1)["丁上下一"] == 50


@given(st.dictionaries(st.text(st.sampled_from(HAN), min_size=1, max_size=6), st.integers(1, 50), max_size=30),
       st.sampled_from([-1.0, 0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0]))  # fmt: skip
def test_prune_equals_reference(words: dict[str, int], min_pmi: float, more: float) -> None:
    expected = prune_reference(words, min_pmi=min_pmi, more=more)
    assert list(prune(words, min_pmi=min_pmi, more=more).items()) == list(expected.items())


@pytest.mark.parametrize("words", [["丁上"], ["丁", "丁", "上"], ["丁上", "丁", "上"], ["丁", "上", "丁上", "丁上"]])
def test_prune_words_refuses_lists_without_all_characters_first(words: list[str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        prune_words(words, 2, np.ones(len(words)), 1.0, 1.0)


@given(WORDS)
def test_prune_keeps_every_character(words: dict[str, int]) -> None:
    pruned = prune(words)
    assert set("".join(words)) <= set(pruned)
    occurrences = sum(len(word) * count for word, count in words.items())
    added = sum(1 for character in set("".join(words)) if character not in words)
    assert sum(len(word) * count for word, count in pruned.items()) == occurrences + added


# Expectation maximisation


@given(RUNS, WORDS, st.integers(1, 3))
def test_expectations_are_those_of_all_segmentations(lines: list[str], words: dict[str, int], threads: int) -> None:
    known = {**dict.fromkeys(HAN, 1), **words}
    total = sum(known.values())
    logs = np.array([math.log(count / total) for count in known.values()])
    counts, score, characters = TextLattice("\n".join(lines), list(known), threads).expect(logs, -30.0)
    expected: Counter[str] = Counter()
    log_sum = 0.0
    for line in lines:
        paths = [path for path in segmentations(line) if all(word in known for word in path)]
        weights = [math.prod(known[word] / total for word in path) for path in paths]
        log_sum += math.log(sum(weights))
        for path, weight in zip(paths, weights, strict=True):
            for word in path:
                expected[word] += weight / sum(weights)
    assert score == pytest.approx(log_sum)
    assert characters == sum(map(len, lines))
    assert counts.tolist() == pytest.approx([expected[word] for word in known])


def test_unknown_characters_stand_alone() -> None:
    counts, score, characters = TextLattice("丁龘上\n龘\n\n", ["丁上", "上"], 1).expect(np.array([-1.0, -2.0]), -30.0)
    assert (counts.tolist(), score, characters) == ([0, 1], pytest.approx(-92), 4)


@given(RUNS, WORDS)
def test_estimate_never_raises_the_information(lines: list[str], words: dict[str, int]) -> None:
    information = estimate("\n".join(lines), words, iterations=8, threads=1).information
    assert all(after <= before + 1e-9 for before, after in pairwise(information))


def test_estimate_is_the_same_for_any_number_of_threads() -> None:
    text = "\n".join(made_text()[0])
    words = Counter(text[at : at + 2] for at in range(len(text) - 1) if "\n" not in text[at : at + 2])
    assert estimate(text, words, threads=1) == estimate(text, words, threads=3)


def test_expectations_of_a_long_run_are_sums_of_logs() -> None:
    """The probability of 3,000 characters is no number that a float can hold."""
    words = ["丁", "上", "丁上"]
    weights = np.log([0.25, 0.25, 0.5])
    counts, log_probability, _ = TextLattice("丁上" * 1500, words, 1).expect(weights, -30.0)
    assert log_probability == pytest.approx(1500 * math.log(0.25**2 + 0.5))
    assert counts.tolist() == pytest.approx([1500 / 9, 1500 / 9, 1500 * 8 / 9])


def test_estimate_without_iterations_is_an_error() -> None:
    with pytest.raises(InputError, match="iterations must be 1 or more, got 0"):
        estimate("丁", {}, iterations=0)


# Least information


@given(RUNS)
def test_minimise_never_raises_the_description(lines: list[str]) -> None:
    text = "\n".join(lines)
    words = candidates(NgramIndex(count_texts(lines, n=3, threads=1)), min_count=1)
    minimum = minimise(text, words, threads=1)
    assert all(after < before for before, after in zip(minimum.description, minimum.description[1:], strict=False))
    assert set(text) - {"\n"} <= set(minimum.counts)


def test_minimise_drops_what_does_not_pay() -> None:
    lines = ["丁上"] * 40 + ["一", "下"] * 20 + ["一下"]
    minimum = minimise("\n".join(lines), {"丁": 1, "上": 1, "一": 20, "下": 20, "丁上": 40, "一下": 1}, threads=1)
    assert "丁上" in minimum.counts
    assert "一下" not in minimum.counts


def test_held_out_information_counts_what_is_unknown() -> None:
    # Four words, of which one is counted: its share is 4 / 5; the escape has 1 / 5 and 21 bits.
    assert held_out_information("丁", {"丁": 4.0}, threads=1) == pytest.approx(-math.log2(4 / 5))
    assert held_out_information("一", {"丁": 4.0}, threads=1) == pytest.approx(math.log2(5) + 21)
