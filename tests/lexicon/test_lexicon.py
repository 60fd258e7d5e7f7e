"""Sampler, tagger, autonomy, lexicon files, and all steps together on any text."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter
from dataclasses import astuple
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lexicon_texts import HAN, MADE_F1, RUNS, WORDS, made_text, segmentations
from strategies import any_text

import cws
from cws._native import LineSample, WordSampler, best_ends, count_words
from cws.errors import CorpusError, DictionaryWarning, EncodingError, InputError
from cws.lexicon.autonomy import autonomies, segment_by_autonomy
from cws.lexicon.build import GOALS, BuildOptions, build, build_from_counts
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.counting.count import count_texts
from cws.lexicon.counting.line_sample import SampleThread, sample_runs
from cws.lexicon.lexicon import Entry, Lexicon, evidence
from cws.lexicon.reference import sample_reference
from cws.lexicon.report import draw_report
from cws.lexicon.retag import retag
from cws.lexicon.sampler import SamplerOptions, refine
from cws.lexicon.steps import least_count
from cws.lexicon.symbols import split
from cws.lexicon.words import SegmentedRuns
from cws.user_dictionary import UserDictionary
from cws.word_list import read_word_list

# The sampler


@given(RUNS, st.integers(1, 5), st.integers(0, 3))
def test_refine_keeps_the_text_and_the_longest_word(lines: list[str], longest: int, sweeps: int) -> None:
    refined = refine(SegmentedRuns.of([line] for line in lines), SamplerOptions(longest=longest, sweeps=sweeps)).lines()
    assert ["".join(line) for line in refined] == lines
    assert all(len(word) <= longest for line in refined for word in line)


def reference_log_probability(lines: list[list[str]], run: str, text: str, options: SamplerOptions) -> float:
    """The sum over all segmentations of a run, given the words of the others; the model written out."""
    pairs = Counter(pair for line in lines for pair in zip(["$", *line], [*line, "$"], strict=True))
    before: Counter[str] = Counter(second for _, second in pairs)
    followers: Counter[str] = Counter(first for first, _ in pairs)
    after: Counter[str] = Counter()
    for (first, _), count in pairs.items():
        after[first] += count
    poisson = [options.mean_length**k / math.factorial(k) for k in range(1, options.longest + 1)]

    def unigram(word: str) -> float:
        share = poisson[len(word) - 1] / sum(poisson)
        spelling = 0.1 if word == "$" else share * math.prod(text.count(character) / len(text) for character in word)
        rest = options.unigram_strength + options.unigram_discount * len(before)
        seen = max(before[word] - options.unigram_discount, 0)
        return (seen + rest * spelling) / (options.unigram_strength + before.total())

    def bigram(first: str, second: str) -> float:
        if not after[first]:
            return unigram(second)
        seen = max(pairs[first, second] - options.discount, 0)
        rest = options.strength + options.discount * followers[first]
        return (seen + rest * unigram(second)) / (options.strength + after[first])

    paths = [path for path in segmentations(run) if max(map(len, path)) <= options.longest]
    return math.log(sum(math.prod(bigram(a, b) for a, b in zip(["$", *path], path, strict=False)) for path in paths))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=3), min_size=1, max_size=3), min_size=1,
                max_size=4))  # fmt: skip
def test_sampler_probability_is_that_of_the_model(lines: list[list[str]]) -> None:
    options = SamplerOptions(longest=3)
    text = "".join("".join(line) for line in lines)
    symbols = np.array([HAN.index(character) for character in text], np.uint32)
    ends = np.concatenate([[0] * (len(word) - 1) + [1] for line in lines for word in line]).astype(np.uint8)
    offsets = np.cumsum([0, *(sum(map(len, line)) for line in lines)])
    fixed = {name: value for name, value in options.__dict__.items() if name != "sweeps"}
    sampler = WordSampler(symbols, offsets.astype(np.uint64), ends, **fixed)
    log_probability = sampler.sweep()
    drawn = []
    for begin, end in pairwise(offsets):
        cuts = [begin, *(begin + 1 + np.nonzero(sampler.ends()[begin:end])[0])]
        drawn.append([text[a:b] for a, b in pairwise(cuts)])
    expected = sum(  # each run, given the new words of those before it and the old words of those after it
        reference_log_probability(drawn[:at] + lines[at + 1 :], "".join(line), text, options)
        for at, line in enumerate(lines)
    )
    assert log_probability == pytest.approx(expected, rel=1e-5)


def test_sampler_is_the_same_for_the_same_seed() -> None:
    words = SegmentedRuns.of([line] for line in made_text(100)[0])
    once, again = (refine(words, SamplerOptions(sweeps=3, seed=7)).lines() for _ in range(2))
    assert once == again
    assert refine(words, SamplerOptions(sweeps=3, seed=8)).lines() != once


@pytest.mark.parametrize("name", ["longest", "discount", "strength", "mean_length", "seed", "unigram_discount"])
def test_sampler_options_out_of_range_are_errors(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} of the sampler cannot be -1"):
        SamplerOptions(**{name: -1})


def f1(predicted: list[list[str]], gold: list[list[str]]) -> float:
    from cws.metrics import score

    return score(gold, predicted).f1


def test_refine_finds_the_words_of_made_up_text() -> None:
    texts, gold = made_text(1500)
    found = refine(SegmentedRuns.of([text] for text in texts), SamplerOptions(sweeps=15)).lines()
    assert f1(found, gold) > 0.85
    assert f1([list(text) for text in texts], gold) < 0.5


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.text(st.sampled_from(HAN), min_size=1, max_size=3), min_size=1, max_size=4), max_size=6))
def test_retag_keeps_the_text(lines: list[list[str]]) -> None:
    retagged = retag(SegmentedRuns.of(lines), iterations=1).lines()
    assert ["".join(line) for line in retagged] == ["".join(line) for line in lines]


def test_retag_takes_runs_of_any_length() -> None:
    line = ["丁上", "下"] * 1000 + ["一" * 1500]
    assert "".join(retag(SegmentedRuns.of([line, ["丁上"]]), iterations=1).lines()[0]) == "".join(line)


@given(st.lists(st.lists(st.text(st.sampled_from([*HAN, "0", "\U00020000"]), min_size=1), min_size=1), max_size=6))
def test_words_are_where_they_were(lines: list[list[str]]) -> None:
    words = SegmentedRuns.of(lines)
    assert words.lines() == lines
    assert words.runs(range(len(lines))) == ["".join(line) for line in lines]
    assert words.word_counts() == Counter(word for line in lines for word in line)


@pytest.mark.parametrize("ends", [[1], [1, 0], [1, 1, 1]])
def test_words_of_ends_that_do_not_fit_are_errors(ends: list[int]) -> None:
    with pytest.raises(ValueError, match="expected a text and whether a word ends"):
        count_words("丁上", np.array(ends, np.uint8))


# Sample, lexicon, build


def test_sample_does_not_depend_on_the_order_of_lines() -> None:
    lines = made_text()[0]
    for characters in (500, 10**6):
        sample = sample_runs(lines, characters)
        assert sample == sample_runs(reversed(lines), characters)
        assert 0 < sum(map(len, sample)) <= characters
    assert sorted(sample_runs(lines, 10**6)) == sorted(lines)


@given(st.lists(any_text() | st.text("丁上二十１2.．％aＺ，\r \ud800\U00020000"), max_size=8), st.integers(1, 60))
def test_sample_equals_reference(texts: list[str], characters: int) -> None:
    lines = [line.removesuffix("\r") for text in texts for line in text.split("\n")]
    assert sample_runs(texts, characters) == sample_reference(lines, characters)


@given(any_text() | st.text("丁上，\n\r\ud800"), st.integers(1, 9), st.integers(1, 60))
def test_sample_of_pieces_is_that_of_the_whole(text: str, size: int, characters: int) -> None:
    sample = LineSample(characters)
    with SampleThread(LineSample(characters)) as elsewhere:
        for at in range(0, len(text), size):
            sample.add(text[at : at + size])
            elsewhere.add(text[at : at + size])
        sample.end_line()
        elsewhere.end_line()
        assert sample.runs() == elsewhere.runs() == sample_runs([text], characters)


def test_build_of_a_broken_file_ends_its_threads(tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_bytes("在北京\n".encode() * 100_000 + b"\xff")
    before = threading.active_count()
    with pytest.raises(EncodingError, match="byte 0xff is not valid utf-8"):
        build([tmp_path / "raw.txt"], threads=2)
    assert threading.active_count() == before


@given(any_text(), WORDS.filter(bool))
def test_lexicon_segment_never_loses_text(text: str, words: dict[str, int]) -> None:
    assert "".join(Lexicon.of(words).segment(text)) == text


@given(any_text() | st.text("丁上０1.％a二十。 ", max_size=20), WORDS.filter(bool), st.integers(1, 3))
def test_lexicon_segments_as_the_specification(text: str, words: dict[str, int], count: int) -> None:
    text = "".join(c for c in text if unicodedata.category(c) != "Cc")  # white space to the core alone
    lexicon = Lexicon.of({**words, "0丁": count, "a上": count})
    assert lexicon.segment(text) == split(text, lexicon.segment_run)


def test_lexicon_is_a_model(tmp_path: Path) -> None:
    lexicon = Lexicon.of({"研究": 60, "研究生": 20, "生命": 40, "命": 10, "0年": 5})
    lexicon.save_model(tmp_path / "model", {"from": "made up"})
    segmenter = cws.load(tmp_path / "model")
    text = "２０年研究生命，iPhone 15。。"
    assert (
        segmenter.segment(text)
        == ["２０年", "研究", "生命", "，", "iPhone", " ", "15", "。。"]
        == lexicon.segment(text)
    )
    assert segmenter.config["from"] == "made up"


def test_lexicon_files_are_word_lists_and_user_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    Lexicon.of({"网易杭研": 3, "丁": 2}).save(path)
    assert read_word_list(path) == {"网易杭研": 3, "丁": 2}
    assert [entry.word for entry in UserDictionary.read(path)] == ["丁", "网易杭研"]
    path.write_text(path.read_text("utf-8") + "错\t1\tx\t-\t-\t-\n", "utf-8")
    with pytest.raises(CorpusError, match="7 columns") as caught:
        Lexicon.load(path)
    assert caught.value.line == 4


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_report_draws(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    lines, _ = made_text(50)
    index = NgramIndex(count_texts(lines, n=2, threads=1))
    draw_report(Lexicon.of({"丁": 3, lines[0][:2]: 2}, index), [3.0, 2.5], tmp_path / f"plot{suffix}")
    assert (tmp_path / f"plot{suffix}").stat().st_size > 10_000
    with pytest.raises(InputError, match=r"\.png"):
        draw_report(Lexicon.of({"丁": 3}), [], tmp_path / "plot.txt")


def test_lexicon_file_round_trip(tmp_path: Path) -> None:
    lines, _ = made_text(50)
    index = NgramIndex(count_texts(lines, n=2, threads=1))
    words = dict(Counter("".join(lines))) | {lines[0][:2]: 3, "0年": 2}
    lexicon = Lexicon.of(words, index)
    lexicon.save(tmp_path / "lexicon.txt")
    again = Lexicon.load(tmp_path / "lexicon.txt")
    assert {word: entry.count for word, entry in again.entries.items()} == words
    assert list(again.entries) == list(lexicon.entries)
    for word, entry in lexicon.entries.items():
        figures = [(one, two) for one, two in zip(astuple(entry), astuple(again.entries[word]), strict=True)]
        assert all(one == two or two == pytest.approx(one, rel=1e-3) for one, two in figures)
    fields = (tmp_path / "lexicon.txt").read_text("utf-8").splitlines()[-1].split("\t")
    assert len(fields) == 7
    assert lexicon.entries["0年"] == Entry(2)


def test_lexicon_writes_calibrated_evidence(tmp_path: Path) -> None:
    entries = {
        "网易": Entry(9, 9.0, 1.0, 2.0, 2.0), "杭研": Entry(5, 20.0, 1.0, 2.0, 2.0),
        "来到": Entry(4, 2.0, 1.0, 2.0, 2.0), "部分": Entry(3, 9.0, 1.0, 2.0, 0.4),
        "丁": Entry(2, None, None, 2.0, 2.0), "0年": Entry(2), "只": Entry(1, 7.0),
    }  # fmt: skip
    assert [evidence(entry) for entry in entries.values()] == [3, 3, 0, 0, 0, 0, 0]
    assert evidence(Entry(1, 5.0, 1.0, 0.6, 0.6)) == 1
    path = tmp_path / "lexicon.txt"
    Lexicon(entries).save(path)
    assert path.read_text("utf-8").splitlines()[1].split("\t")[-1] == "3"
    with pytest.warns(DictionaryWarning, match="1 entry is left out, whose 0 or a stands"):
        dictionary = UserDictionary.read(path)
    assert {word: weight for word, weight, _ in dictionary} == {
        "网易": 3, "杭研": 3, "来到": 0, "部分": 0, "丁": 0, "只": 0,
    }  # fmt: skip


def test_lexicons_of_before_the_weights_are_read(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    Lexicon.of({"网易杭研": 3, "丁": 2}).save(path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("".join(line.rpartition("\t")[0] + "\n" for line in lines), "utf-8")
    assert list(Lexicon.load(path).entries) == ["网易杭研", "丁"]
    assert {entry.weight for entry in UserDictionary.read(path)} == {0.5}
    path.write_text(path.read_text("utf-8") + "错\t1\t-\n", "utf-8")
    with pytest.raises(CorpusError, match="7 columns"):
        Lexicon.load(path)


def test_broken_lexicons_are_no_user_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.txt"
    Lexicon.of({"网易杭研": 3}).save(path)
    for line in ("错\t1", "错\t1\t-\t-\t-\t-\tx", "错\t1\t-\t-\t-\t-\t101", "错" * 1001 + "\t1\t-\t-\t-\t-\t1"):
        path.write_text(path.read_text("utf-8").splitlines()[0] + "\n" + line + "\n", "utf-8")
        with pytest.raises(CorpusError, match="no line of a lexicon") as caught:
            UserDictionary.read(path)
        assert caught.value.line == 2


def test_lexicon_without_known_words_is_what_is_new() -> None:
    assert list(Lexicon.of({"丁": 3, "丁上": 2}).without(["丁"]).entries) == ["丁上"]
    with pytest.raises(InputError, match="all 1 words are known"):
        Lexicon.of({"丁": 3}).without(["丁"])


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
    if goal == "words":
        assert again.words is not None
        assert again.words.lines() == result.words.lines()


@pytest.mark.parametrize("name", ["goal", "n", "min_count", "sample", "retag_iterations", "passes"])
def test_build_options_out_of_range_are_errors(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} of a lexicon cannot be -1"):
        BuildOptions(**{name: -1})


# Autonomy


@given(RUNS)
def test_autonomy_segments_by_the_best_sum(lines: list[str]) -> None:
    doubled = lines * 2  # so that every string is there twice
    index = NgramIndex(count_texts(doubled, n=2, min_count=2, threads=1))
    autonomy = {
        word: value
        for table, values in zip(index.counts.tables, autonomies(index), strict=True)
        for word, value in zip(table.strings().tolist(), values.tolist(), strict=True)
    }
    for line, words in zip(doubled, segment_by_autonomy(doubled, longest=2, threads=1).lines(), strict=True):
        assert "".join(words) == line
        best = max(
            sum(autonomy[word] for word in path)
            for path in segmentations(line)
            if all(word in autonomy for word in path)
        )
        assert sum(autonomy[word] for word in words) == pytest.approx(best)


@pytest.mark.parametrize("weights", [[], [[1.0]], [[1.0, math.nan]]])
def test_autonomy_best_ends_refuse_weights_that_do_not_fit(weights: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        best_ends("丁上", [np.array([[1], [2]], np.uint32)], [np.array(row) for row in weights], -1.0)


def test_autonomy_finds_words_of_made_up_text() -> None:
    texts, gold = made_text(1500)
    assert f1(segment_by_autonomy(texts, threads=1).lines(), gold) > MADE_F1["autonomy"]


KILLED = """
import sys
from cws import _native
import cws.lexicon
counting = sys.modules["cws.lexicon.counting.count"]
counting._Limits.counter = lambda self: _native.NgramCounter(self.n, counting._is_han(), 3_000, 10**6, self.threads)
from cws.cli import main
main()
"""


def test_build_goes_on_after_kill(tmp_path: Path) -> None:
    """Blocks are small, so that there are many; the second call is an ordinary one."""
    (tmp_path / "a.txt").write_text("\n".join(made_text(5_000)[0]), "utf-8")
    (tmp_path / "b.txt").write_text("\n".join(made_text(5_000, seed=2)[0]), "utf-8")
    work = tmp_path / "work"
    command = ["lexicon", "build", "a.txt", "b.txt", "--goal", "entropy", "--threads", "1", "-o"]
    build_it = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    options = ["lexicon", "--work-folder", "work"]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *command, *options], cwd=tmp_path)
    while not list(work.glob("block-00010-*")) and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.wait()
    manifest = json.loads((work / "count.json").read_text("utf-8"))
    assert manifest["position"] > [0, 0]
    build_it([sys.executable, "-m", "cws", *command, *options])
    assert list(work.iterdir()) == []
    build_it([sys.executable, "-m", "cws", *command, "expected"])
    for name in ("lexicon.txt", "weights.safetensors"):
        assert (tmp_path / "lexicon" / name).read_bytes() == (tmp_path / "expected" / name).read_bytes()


def test_build_without_chinese_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_text("! ? !", "utf-8")
    with pytest.raises(CorpusError, match="no Chinese in this text"):
        build([tmp_path / "raw.txt"], threads=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(any_text(max_size=20), max_size=6))
def test_build_takes_any_text(texts: list[str]) -> None:
    options = BuildOptions(sampler=SamplerOptions(sweeps=2), retag_iterations=1)
    sample = sample_runs(texts, 10**6)
    counts = count_texts(texts, n=4, threads=1)
    if not sample or not counts.characters:
        with pytest.raises(CorpusError, match="no Chinese"):
            build_from_counts(counts, sample, options=options, threads=1)
        return
    result = build_from_counts(counts, sample, options=options, threads=1)
    assert result.words is not None
    assert ["".join(line) for line in result.words.lines()] == sample
    assert all("".join(result.lexicon.segment(text)) == text for text in texts)
