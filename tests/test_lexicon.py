"""The steps of the lexicon builder: each against a definition written out, and all of them on any text."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

from cws._native import WordSampler, expect_words, join_words
from cws.errors import CorpusError, InputError
from cws.lexicon.autonomy import autonomies, segment_by_autonomy
from cws.lexicon.build import GOALS, BuildOptions, build, build_from_counts
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.count import count_texts
from cws.lexicon.entropy import merge_gain, pmi
from cws.lexicon.lexicon import Entry, Lexicon
from cws.lexicon.minimise import candidates, held_out_information, minimise
from cws.lexicon.refine import SamplerOptions, refine
from cws.lexicon.retag import retag
from cws.lexicon.sample import sample_runs
from cws.lexicon.steps import cut, estimate, least_count, prune, truncate
from cws.lexicon.units import runs, split
from cws.text import HANZI, NUMERAL, character_type

HAN = "一丁上下"
MADE_F1 = {"words": 0.7, "information": 0.7, "entropy": 0.7, "autonomy": 0.5}  # what every method must reach
RUNS = st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=6), min_size=1, max_size=8)
WORDS = st.dictionaries(st.text(st.sampled_from(HAN), min_size=1, max_size=3), st.integers(1, 50), max_size=12)


def made_text(sentences: int = 600, seed: int = 1) -> tuple[list[str], list[list[str]]]:
    """Sentences of made-up words, and their words."""
    generator = random.Random(seed)
    characters = [chr(0x6000 + at) for at in range(500)]
    vocabulary = ["".join(generator.sample(characters, generator.choice((1, 2, 2, 2, 3)))) for _ in range(150)]
    weights = [1 / (rank + 5) for rank in range(len(vocabulary))]
    lines = [generator.choices(vocabulary, weights, k=generator.randint(3, 9)) for _ in range(sentences)]
    return ["".join(line) for line in lines], lines


def segmentations(run: str) -> list[list[str]]:
    """Every way to cut a run into words."""
    result = []
    for cuts in product([False, True], repeat=len(run) - 1):
        words, begin = [], 0
        for at, is_cut in enumerate((*cuts, True), 1):
            if is_cut:
                words.append(run[begin:at])
                begin = at
        result.append(words)
    return result


# Units


def test_units_runs_keep_numbers_and_latin_words_whole() -> None:
    assert runs("１９９８年3.5%的ＰＫＵ，二十一个；一个") == "0年0的a\n0个\n一个"


def test_units_han_agrees_with_character_types() -> None:
    for code in (*range(0x2E00, 0x3400), *range(0x4DB0, 0x4E10), *range(0x9FF0, 0xA010), 0xF900, 0xFAFF, 0x20000):
        is_unit = runs(chr(code)) != ""
        assert is_unit == (character_type(chr(code)) in (HANZI, NUMERAL)), hex(code)


@given(any_text(), st.integers(1, 3))
def test_units_split_never_loses_text(text: str, size: int) -> None:
    words = split(text, lambda run: [run[at : at + size] for at in range(0, len(run), size)])
    assert "".join(words) == text
    assert all(words)


def test_units_split_keeps_white_space_as_other_models_do() -> None:
    assert split("丁 \t\n \n——上", list) == ["丁", " \t\n", " \n", "——", "上"]


# Statistics


@given(RUNS)
def test_candidates_statistics_are_those_of_every_cut(lines: list[str]) -> None:
    counts = count_texts(lines, n=3, threads=1)
    statistics = NgramIndex(counts).statistics()
    total = sum(map(len, lines))
    occurrences = Counter(line[i:j] for line in lines for i in range(len(line)) for j in range(i + 1, len(line) + 1))
    for table, statistic in zip(counts.tables[1:], statistics[1:], strict=True):
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


# Cut, truncate, prune


@given(RUNS, st.lists(st.text(st.sampled_from(HAN), min_size=2, max_size=3), max_size=5))
def test_cut_joins_what_a_word_covers(lines: list[str], words: list[str]) -> None:
    text = "\n".join(lines)
    expected = [
        any(text[begin : begin + len(word)] == word for word in words for begin in range(at - len(word) + 2, at + 1)
            if begin >= 0)
        for at in range(len(text))
    ]  # fmt: skip
    assert join_words(text, words).astype(bool).tolist() == expected


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


@given(WORDS)
def test_prune_keeps_every_character(words: dict[str, int]) -> None:
    pruned = prune(words)
    assert set("".join(words)) <= set(pruned)
    occurrences = sum(len(word) * count for word, count in words.items())
    added = sum(1 for character in set("".join(words)) if character not in words)
    assert sum(len(word) * count for word, count in pruned.items()) == occurrences + added


# Expectation maximisation


@given(RUNS, WORDS, st.booleans(), st.integers(1, 3))
def test_expectations_are_those_of_all_segmentations(
    lines: list[str], words: dict[str, int], all_paths: bool, threads: int
) -> None:
    known = {**dict.fromkeys(HAN, 1), **words}
    total = sum(known.values())
    logs = np.array([math.log(count / total) for count in known.values()])
    counts, score, characters = expect_words("\n".join(lines), list(known), logs, -30.0, all_paths, threads)
    expected: Counter[str] = Counter()
    log_sum = 0.0
    for line in lines:
        paths = [path for path in segmentations(line) if all(word in known for word in path)]
        weights = [math.prod(known[word] / total for word in path) for path in paths]
        if all_paths:
            log_sum += math.log(sum(weights))
            for path, weight in zip(paths, weights, strict=True):
                for word in path:
                    expected[word] += weight / sum(weights)
        else:
            log_sum += math.log(max(weights))
    assert score == pytest.approx(log_sum)
    assert characters == sum(map(len, lines))
    if all_paths:
        assert counts.tolist() == pytest.approx([expected[word] for word in known])
    else:
        assert counts @ np.array(list(map(len, known))) == pytest.approx(characters)
        assert counts @ logs == pytest.approx(score)


@given(RUNS, WORDS)
def test_estimate_never_raises_the_information(lines: list[str], words: dict[str, int]) -> None:
    information = estimate("\n".join(lines), words, iterations=8, threads=1).information
    assert all(after <= before + 1e-9 for before, after in pairwise(information))


def test_estimate_is_the_same_for_any_number_of_threads() -> None:
    text = "\n".join(made_text()[0])
    words = Counter(text[at : at + 2] for at in range(len(text) - 1) if "\n" not in text[at : at + 2])
    assert estimate(text, words, threads=1) == estimate(text, words, threads=3)


def test_estimate_without_iterations_is_an_error() -> None:
    with pytest.raises(InputError, match="iterations must be 1 or more, got 0"):
        estimate("丁", {}, iterations=0)


# The sampler


@given(RUNS, st.integers(1, 5), st.integers(0, 3))
def test_refine_keeps_the_text_and_the_longest_word(lines: list[str], longest: int, sweeps: int) -> None:
    refined = refine([[line] for line in lines], SamplerOptions(longest=longest, sweeps=sweeps))
    assert ["".join(line) for line in refined] == lines
    assert all(len(word) <= longest for line in refined for word in line)


def reference_log_probability(lines: list[list[str]], run: str, text: str, options: SamplerOptions) -> float:
    """The sum over all segmentations of a run, given the words of the others; the model written out."""
    pairs = Counter(pair for line in lines for pair in zip(["$", *line], [*line, "$"], strict=True))
    before: Counter[str] = Counter(second for _, second in pairs)
    followers: Counter[str] = Counter(first for first, _ in pairs)
    behind: Counter[str] = Counter()
    for (first, _), count in pairs.items():
        behind[first] += count
    poisson = [options.mean_length**k / math.factorial(k) for k in range(1, options.longest + 1)]

    def unigram(word: str) -> float:
        share = poisson[len(word) - 1] / sum(poisson)
        spelling = 0.1 if word == "$" else share * math.prod(text.count(character) / len(text) for character in word)
        rest = options.unigram_strength + options.unigram_discount * len(before)
        seen = max(before[word] - options.unigram_discount, 0)
        return (seen + rest * spelling) / (options.unigram_strength + before.total())

    def bigram(first: str, second: str) -> float:
        if not behind[first]:
            return unigram(second)
        seen = max(pairs[first, second] - options.discount, 0)
        rest = options.strength + options.discount * followers[first]
        return (seen + rest * unigram(second)) / (options.strength + behind[first])

    paths = [path for path in segmentations(run) if max(map(len, path)) <= options.longest]
    return math.log(sum(math.prod(bigram(a, b) for a, b in zip(["$", *path], path, strict=False)) for path in paths))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=3), min_size=1, max_size=3), min_size=1,
                max_size=4))  # fmt: skip
def test_sampler_probability_is_that_of_the_model(lines: list[list[str]]) -> None:
    options = SamplerOptions(longest=3)
    text = "".join("".join(line) for line in lines)
    units = np.array([HAN.index(character) for character in text], np.uint32)
    ends = np.concatenate([[0] * (len(word) - 1) + [1] for line in lines for word in line]).astype(np.uint8)
    offsets = np.cumsum([0, *(sum(map(len, line)) for line in lines)])
    fixed = {name: value for name, value in options.__dict__.items() if name != "sweeps"}
    sampler = WordSampler(units, offsets.astype(np.uint64), ends, **fixed)
    log_probability = sampler.sweep()
    drawn = []
    for begin, end in pairwise(offsets):
        cuts = [begin, *(begin + 1 + np.nonzero(sampler.ends()[begin:end])[0])]
        drawn.append([text[a:b] for a, b in pairwise(cuts)])
    expected = sum(  # each run, given the new words of those before it and the old words of those behind it
        reference_log_probability(drawn[:at] + lines[at + 1 :], "".join(line), text, options)
        for at, line in enumerate(lines)
    )
    assert log_probability == pytest.approx(expected, rel=1e-5)


def test_sampler_is_the_same_for_the_same_seed() -> None:
    lines = [[line] for line in made_text(100)[0]]
    once, again = (refine(lines, SamplerOptions(sweeps=3, seed=7)) for _ in range(2))
    assert once == again
    assert refine(lines, SamplerOptions(sweeps=3, seed=8)) != once


@pytest.mark.parametrize("name", ["longest", "discount", "strength", "mean_length", "seed", "unigram_discount"])
def test_sampler_options_out_of_range_are_errors(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} of the sampler cannot be -1"):
        SamplerOptions(**{name: -1})


def f1(predicted: list[list[str]], gold: list[list[str]]) -> float:
    from cws.metrics import score

    return score(gold, predicted).f1


def test_refine_finds_the_words_of_made_up_text() -> None:
    texts, gold = made_text(1500)
    found = refine([[text] for text in texts], SamplerOptions(sweeps=15))
    assert f1(found, gold) > 0.85
    assert f1([list(text) for text in texts], gold) < 0.5


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=3), min_size=1, max_size=4), max_size=6))
def test_retag_keeps_the_text(lines: list[list[str]]) -> None:
    assert ["".join(line) for line in retag(lines, rounds=1)] == ["".join(line) for line in lines]


# Sample, lexicon, build


def test_sample_does_not_depend_on_the_order_of_lines() -> None:
    lines = made_text()[0]
    for characters in (500, 10**6):
        sample = sample_runs(lines, characters)
        assert sample == sample_runs(reversed(lines), characters)
        assert 0 < sum(map(len, sample)) <= characters
    assert sorted(sample_runs(lines, 10**6)) == sorted(lines)


@given(any_text(), WORDS.filter(bool))
def test_lexicon_segment_never_loses_text(text: str, words: dict[str, int]) -> None:
    assert "".join(Lexicon.of(words).segment(text)) == text


def test_lexicon_file_round_trip(tmp_path: Path) -> None:
    lines, _ = made_text(50)
    index = NgramIndex(count_texts(lines, n=2, threads=1))
    words = dict(Counter("".join(lines))) | {lines[0][:2]: 3, "0年": 2}
    lexicon = Lexicon.of(words, index)
    lexicon.save(tmp_path / "lexicon.txt")
    again = Lexicon.load(tmp_path / "lexicon.txt")
    assert {word: entry.count for word, entry in again.entries.items()} == words
    assert list(again.entries) == list(lexicon.entries)
    fields = (tmp_path / "lexicon.txt").read_text("utf-8").splitlines()[-1].split("\t")
    assert len(fields) == 6
    assert lexicon.entries["0年"] == Entry(2)


def test_lexicon_without_known_words_is_what_is_new() -> None:
    assert list(Lexicon.of({"丁": 3, "丁上": 2}).without(["丁"]).entries) == ["丁上"]


@pytest.mark.parametrize("words", [{}, {"": 1}, {"丁": 0}])
def test_lexicon_of_bad_words_is_an_error(words: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected"):
        Lexicon.of(words)


def test_least_count_grows_with_the_text() -> None:
    assert [least_count(characters) for characters in (0, 10**4, 4 * 10**6, 4 * 10**8)] == [2, 2, 5, 50]


@pytest.mark.parametrize("goal", GOALS)
def test_build_finds_words_of_made_up_text(tmp_path: Path, goal: str) -> None:
    texts, gold = made_text(1500)
    (tmp_path / "raw.txt").write_text("\n".join(texts), "utf-8")
    options = BuildOptions(goal=goal, sampler=SamplerOptions(sweeps=4))
    result = build([tmp_path / "raw.txt"], options=options, threads=1)
    assert f1([result.lexicon.segment(text) for text in texts], gold) > MADE_F1[goal]
    again = build([tmp_path / "raw.txt"], options=options, threads=2)
    assert again.lexicon == result.lexicon
    assert again.lines == result.lines


@pytest.mark.parametrize("name", ["goal", "n", "min_count", "sample", "retag_rounds", "passes"])
def test_build_options_out_of_range_are_errors(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} of a lexicon cannot be -1"):
        BuildOptions(**{name: -1})


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


# Autonomy


@given(RUNS)
def test_autonomy_segments_by_the_best_sum(lines: list[str]) -> None:
    doubled = lines * 2  # so that every string is there twice
    index = NgramIndex(count_texts(doubled, n=2, min_count=2, threads=1))
    autonomy = dict(zip(*autonomies(index), strict=True))
    for line, words in zip(doubled, segment_by_autonomy(doubled, longest=2, threads=1), strict=True):
        assert "".join(words) == line
        best = max(
            sum(autonomy[word] for word in path)
            for path in segmentations(line)
            if all(word in autonomy for word in path)
        )
        assert sum(autonomy[word] for word in words) == pytest.approx(best)


def test_autonomy_finds_words_of_made_up_text() -> None:
    texts, gold = made_text(1500)
    assert f1(segment_by_autonomy(texts, threads=1), gold) > MADE_F1["autonomy"]


def test_build_without_chinese_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("! ? !", "utf-8")
    with pytest.raises(CorpusError, match="no Chinese in this text"):
        build([tmp_path / "raw.txt"], threads=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(any_text(max_size=20), max_size=6))
def test_build_takes_any_text(texts: list[str]) -> None:
    options = BuildOptions(sampler=SamplerOptions(sweeps=2), retag_rounds=1)
    sample = sample_runs(texts, 10**6)
    if not sample:
        return
    counts = count_texts(texts, n=4, threads=1)
    result = build_from_counts(counts, sample, options=options, threads=1)
    assert ["".join(line) for line in result.lines] == sample
    assert all("".join(result.lexicon.segment(text)) == text for text in texts)
