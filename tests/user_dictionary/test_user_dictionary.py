from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import threading
import time
import warnings
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import any_text

import cws
from cws import streaming
from cws.errors import CorpusError, DictionaryWarning, EncodingError, FileError, InputError, ModelError
from cws.labelers.dictionary import word_trie, write_dictionary
from cws.labelers.hmm import TENSORS, TRIPLES
from cws.model_io import map_tensors
from cws.segmenter import Segmenter
from cws.tags import SBME
from cws.text import SPACE, bmp_types
from cws.training.hmm import train_hmm
from cws.training.hmm_options import HmmOptions
from cws.user_dictionary import DEFAULT_WEIGHT, Entry, UserDictionary
from cws.user_dictionary.reference import FORCED, NEVER, entries_at, is_run_character, resegment

TEXT = "他来到了网易杭研大厦，买了iPhone 15手机。今天天气真好！"
SENTENCES = [
    ["他", "来到", "了", "网易", "杭研", "大厦"],
    ["今天", "天气", "真", "好"],
    ["研究", "生命", "的", "起源"],
] * 3
COUNTS = {"研究": 60, "研究生": 20, "生命": 40, "命": 10, "来到": 9, "今天": 30, "天气": 20, "大厦": 8, "天天": 7}
TYPES = bmp_types()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for order in (1, 2):
        train_hmm(SENTENCES, folder / f"hmm{order}", options=HmmOptions(order=order))
    write_dictionary(folder / "dictionary", COUNTS)
    return {"linear": "pku", **{name: str(folder / name) for name in ("hmm1", "hmm2", "dictionary")}}


KINDS = pytest.mark.parametrize("kind", ["linear", "hmm1", "hmm2", "dictionary"])


def make(model, entries, compiled=(), **folding):
    """A segmenter with entries and weights, as the reference has them; those in `compiled` come out of a trie."""
    dictionary = UserDictionary(**folding)
    for is_compiled in (True, False):
        for word, weight in entries.items():
            if (word in compiled) == is_compiled:
                dictionary.add_word(word, {FORCED: "!", NEVER: "-"}.get(weight, weight))
        if is_compiled and compiled:
            dictionary = pickle.loads(pickle.dumps(dictionary))
    return Segmenter(model, user_dictionary=dictionary)


def scorer(segmenter, text, entries):
    """What scores a sequence of the text with these word ends, by the model alone, in nats."""
    config = segmenter.config
    if config["kind"] == "dictionary":
        words, unknown = word_trie(COUNTS)
        known = dict(words.items())
        return lambda span, ends: sum(
            _word_score(text, a, b, known, unknown, entries) for a, b in pairwise([span[0], *ends])
        )
    rows = {}
    for begin, flat in segmenter.native.emissions(text):
        size = 16 if config.get("order") == 2 else 4
        rows[begin] = [flat[at : at + size] for at in range(0, len(flat), size)]
    scale = config["scale"]
    specification = TENSORS[config["order"]] if config["kind"] == "hmm" else None
    if config.get("order") == 2:
        return lambda span, ends: scale * _score_triples(rows[span[0]], span, ends)
    if specification is None:
        from cws.labelers.linear import TENSORS as LINEAR

        specification = LINEAR
    tensors = map_tensors(segmenter.path, config, specification)
    transitions, start, end = (tensors[name].cast("h").tolist() for name in ("transitions", "start", "end"))

    def score(span, ends):
        tags = SBME.words_to_tags([text[a:b] for a, b in pairwise([span[0], *ends])])
        total = start[tags[0]] + end[tags[-1]]
        total += sum(row[tag] for row, tag in zip(rows[span[0]], tags, strict=True))
        return scale * (total + sum(transitions[4 * a + b] for a, b in pairwise(tags)))

    return score


def _score_triples(rows, span, ends):
    tags = [0, 0, *SBME.words_to_tags(["字" * (b - a) for a, b in pairwise([span[0], *ends])])]
    triples = zip(tags, tags[1:], tags[2:], strict=False)
    return sum(row[TRIPLES.index(triple)] for row, triple in zip(rows, triples, strict=True))


def _word_score(text, first, end, words, unknown, entries):
    def is_torn(at):  # a run of letters and digits is
        return 0 < at < len(text) and is_run_character(text[at - 1]) and is_run_character(text[at])

    word = text[first:end]
    if is_torn(first) or is_torn(end):
        return -float("inf")
    if word in words:
        return words[word]
    if len(word) == 1 or all(map(is_torn, range(first + 1, end))):
        return unknown
    if word not in entries and not _is_piece(text, first, end, entries):
        return -float("inf")
    places = [at for at in range(first, end + 1) if not is_torn(at)]
    best = {end: 0.0}
    for index in reversed(range(len(places) - 1)):
        begin = places[index]
        best[begin] = unknown + best[places[index + 1]]
        for to in places[index + 1 :]:
            if text[begin:to] in words:
                best[begin] = max(best[begin], words[text[begin:to]] + best[to])
    return best[first]


def _is_piece(text, first, end, entries):
    """Is it a part of an entry that stands here in the text and reaches over a space?"""
    over_space = {entry: weight for entry, weight in entries.items() if " " in entry and weight > 0}
    return any(end <= last for at in range(first + 1) for last, _ in entries_at(text, at, over_space))


def word_spans(words, text):
    assert "".join(words) == text
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return list(pairwise(ends))


def sequences_of(segmenter, text):
    """The spans of the sequences of a text of fewer than 1,024 characters, with the ends of the model's words."""
    plain = Segmenter(segmenter.path)
    spans = word_spans(plain.segment(text), text)
    runs = []
    for begin, end in spans:
        code = ord(text[begin])
        if code < 0x10000 and TYPES[code] == SPACE:
            continue
        if runs and runs[-1][0][1] == begin:
            runs[-1] = ((runs[-1][0][0], end), [*runs[-1][1], end])
        else:
            runs.append(((begin, end), [end]))
    return runs


weights = st.sampled_from([FORCED, NEVER]) | st.floats(-20, 20).filter(lambda weight: abs(weight) > 1e-3)
characters = st.sampled_from("他来到了网易杭研大厦今天气真好究生命a1 ，")
texts = st.text(characters, max_size=9)
dictionaries = st.dictionaries(
    st.text(characters, min_size=1, max_size=4).filter(lambda word: word == word.strip()), weights, max_size=8
)


@KINDS
@settings(max_examples=150)
@given(texts, dictionaries, st.data())
def test_words_are_those_of_the_reference(models, kind, text, entries, data):
    for _ in range(data.draw(st.integers(0, 3))):  # entries that the text has
        begin = data.draw(st.integers(0, max(0, len(text) - 1)))
        word = text[begin : begin + data.draw(st.integers(1, 5))].strip()
        if word:
            entries[word] = data.draw(weights)
    compiled = data.draw(st.sampled_from([[], sorted(entries), sorted(entries)[::2]]))
    segmenter = make(models[kind], entries, compiled)
    sequences = sequences_of(segmenter, text)
    score = scorer(segmenter, text, entries)
    expected = resegment(text, sequences, entries, score)
    ends = {end for _, end in word_spans(segmenter.segment(text), text)}
    for (span, _), wanted in zip(sequences, expected, strict=True):
        # A forced entry that goes on in the next sequence has no end here.
        got = sorted({end for end in ends if span[0] < end <= span[1]} | {span[1]})
        if got != wanted:  # only for the rounding of equal scores
            assert total(text, span, got, entries, score) == pytest.approx(
                total(text, span, wanted, entries, score), abs=1e-6
            )


def total(text, span, ends, entries, score):
    """The score with the weights of the entries that are words."""
    words = pairwise([span[0], *ends])
    return score(span, ends) + sum(dict(entries_at(text, begin, entries)).get(end, 0) for begin, end in words)


@KINDS
@given(any_text(), st.dictionaries(any_text(1, 4).filter(str.isprintable), weights, max_size=6))
def test_no_text_is_lost(models, kind, text, entries):
    segmenter = make(models[kind], {word: weight for word, weight in entries.items() if word == word.strip()})
    words = segmenter.segment(text)
    assert "".join(words) == text
    assert [token.text for token in segmenter.tokens(text)] == words
    assert segmenter.nbest(text, 3)[0][1] == words
    assert segmenter.segment_batch([text, text], threads=2) == [words, words]


@KINDS
@given(texts, dictionaries)
def test_words_that_no_entry_touches_stay(models, kind, text, entries):
    plain, own = Segmenter(models[kind]).segment(text), make(models[kind], entries).segment(text)
    places = [(at, at + len(word)) for word in entries for at in range(len(text)) if text.startswith(word, at)]
    kept = set(word_spans(own, text))
    before = word_spans(plain, text)
    for index, (begin, end) in enumerate(before):
        # The neighbours of a word that should be none may change too.
        first, last = before[max(0, index - 1)][0], before[min(len(before) - 1, index + 1)][1]
        if not any(a < last and first < b for a, b in places):
            assert (begin, end) in kept


@KINDS
def test_forced_entries_are_words_wherever_they_stand(models, kind):
    segmenter = make(models[kind], {"易杭": FORCED, "杭研大": FORCED, "天天": FORCED, "天天气": FORCED})
    words = segmenter.segment("网易杭研大厦今天天气")
    assert "易杭" in words and "杭研大" not in words  # leftmost
    assert "天天气" in words and "天天" not in words  # longest
    assert dict(zip(words, segmenter.tokens("网易杭研大厦今天天气"), strict=True))["易杭"].probability == 1


@KINDS
def test_words_can_be_forbidden(models, kind):
    assert "今天" in Segmenter(models[kind]).segment("今天天气")
    segmenter = make(models[kind], {"今天": NEVER})
    assert "今天" not in segmenter.segment("今天天气")
    assert segmenter.segment("今") == ["今"]
    assert make(models[kind], {"今": NEVER}).segment("今") == ["今"]  # there is no other way


def test_weights_are_log_odds():
    text = "网易杭研大厦"
    plain = Segmenter()
    scores = {tuple(words): score for score, words in plain.nbest(text, 1000)}
    margin = scores["网易", "杭研", "大厦"] - max(score for words, score in scores.items() if "杭研大厦" in words)
    assert "杭研大厦" in make("pku", {"杭研大厦": margin + 0.01}).segment(text)
    assert "杭研大厦" not in make("pku", {"杭研大厦": margin - 0.01}).segment(text)
    before = plain.tokens(text)[1]
    after = make("pku", {"杭研": -2.0}).tokens(text)[1]
    assert (before.text, after.text) == ("杭研", "杭研")
    odds = [token.probability / (1 - token.probability) for token in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(2.718281828**-2, rel=1e-6)


@pytest.mark.parametrize("entry", ["ces", "cens", "license1", "nse", "1", "５"])
def test_runs_of_letters_and_digits_stay_whole(entry):
    for text in ("a license1s here", "x25y", "一license１２", "Ａ５Ｂ", "licenseés"):
        assert make("pku", {entry: FORCED}).segment(text) == cws.segment(text)


@pytest.mark.parametrize(
    "entry", ["C++", "New York", "iPhone 15", "网易 杭研", "A股", "5G手机", "你好，世界", "«é»", "𠮷野家"]
)
def test_entries_of_any_characters_match(entry):
    assert entry in make("pku", {entry: FORCED}).segment(f"我们看{entry}的价格")
    assert entry in make("pku", {entry: 5.0 if " " in entry else 90.0}).segment(f"我们看{entry}的价格")


def test_an_entry_with_a_space_changes_nothing_else():
    plain = cws.segment("他说New York的价格很高")
    assert make("pku", {"New York": FORCED}).segment("他说New York的价格很高") == [*plain[:2], "New York", *plain[5:]]
    assert "New  York" not in make("pku", {"New York": FORCED}).segment("他说New  York的")
    assert make("pku", {"New York": FORCED}).segment("New\nYork") == ["New", "\n", "York"]


def test_case_and_width_are_ignored_when_asked():
    text = "我的ｉＰｈｏｎｅ和IPHONE和iphone和 Ｎｅｗ　Ｙｏｒｋ"
    for case, width, expected in (
        (False, False, set()), (True, False, {"iphone", "IPHONE"}), (True, True, {"iphone", "IPHONE", "ｉＰｈｏｎｅ"}),
    ):  # fmt: skip
        dictionary = UserDictionary(ignore_case=case, ignore_width=width)
        dictionary.add_word("和iPhone", "!")
        dictionary.add_word("new york", "!", "CITY")
        segmenter = Segmenter(user_dictionary=dictionary)
        words = segmenter.segment(text)
        assert {word[1:] for word in words if word.startswith("和") and len(word) > 1} == {
            word for word in expected if word != "ｉＰｈｏｎｅ"
        }
        assert ("Ｎｅｗ　Ｙｏｒｋ" in words) == width
        assert ("NEW YORK" in dictionary) == case
        if width:
            assert segmenter.tokens(text)[-1].label == "CITY"
            again = pickle.loads(pickle.dumps(segmenter))
            assert again.segment(text) == words
            again.add_word("Ｗ")
            assert "w" in again.user_dictionary


spelled = st.text("aAａＡkK\u212a1１ßéÉ 他来", max_size=6)


@settings(max_examples=60)
@given(spelled, st.lists(spelled.map(str.strip).filter(bool), max_size=3), st.booleans(), st.booleans(), st.booleans())
def test_folding_is_as_good_as_every_spelling(text, words, case, width, is_compiled):
    text = " ".join([text, *words, *(word.swapcase() for word in words)])
    folding = {"ignore_case": case, "ignore_width": width}
    entries = dict.fromkeys(words, FORCED)
    segmenter = make("pku", entries, entries if is_compiled else (), **folding)
    spellings = {text[a:b] for a in range(len(text)) for b in range(a + 1, len(text) + 1)}
    spellings = {word for word in spellings if word == word.strip() and word in segmenter.user_dictionary}
    assert segmenter.segment(text) == make("pku", dict.fromkeys(spellings, FORCED)).segment(text)


def forced(words, source, folder):
    """A segmenter with forced words that were added, come out of a compiled file, or out of a text."""
    if source == "added":
        return make("pku", dict.fromkeys(words, FORCED))
    path = folder / "words.txt"
    path.write_text("".join(f"{word}\t!\n" for word in words), "utf-8")
    if source == "compiled":
        UserDictionary.read(path).save(folder / "words.dict")
        path = folder / "words.dict"
    return Segmenter("pku", user_dictionary=path)


SOURCES = pytest.mark.parametrize("source", ["added", "compiled", "text"])


@SOURCES
def test_entries_of_one_character_are_found_inside_words(source, tmp_path):
    assert cws.segment("今天天气") == ["今天", "天气"]
    assert forced(["天"], source, tmp_path).segment("今天天气") == ["今", "天", "天", "气"]
    assert forced(["气"], source, tmp_path).segment("今天天气") == ["今天", "天", "气"]


@SOURCES
@pytest.mark.parametrize("count", [1, 40, 2000])
def test_every_entry_is_found(count, source, tmp_path):
    # Whatever the filter before the trie holds: many words of all lengths, at the beginning and at the end of a text.
    chance = random.Random(count)
    characters = [chr(code) for code in (*range(0x4E00, 0x4E00 + count), 0x20000, 0x2A6D6, 0x1F600)]
    words = {"".join(chance.choices(characters, k=chance.choice((1, 2, 2, 3, 3, 4, 5, 6, 7)))) for _ in range(count)}
    segmenter = forced(words, source, tmp_path)
    for word in words:
        assert segmenter.segment(word) == [word]
    segmented = segmenter.segment("，".join(sorted(words)) + "，")
    assert [word for word in segmented if word != "，"] == sorted(words)


@SOURCES
def test_entries_are_found_at_every_place(source, tmp_path):
    # The filter takes 128 pairs, 32 places and 8 places at a time, and looks five characters beyond each place.
    words = ["𠮷", "杭研", "易云计", "大厦学习", "网易杭研大", "京邮电大学机", "器学习云计算法", "é1ü"]
    segmenter = forced(words, source, tmp_path)
    for before in (*range(70), *range(120, 136), *range(250, 262), *range(1015, 1026)):
        for word in words:
            for after in ("", "他", " ", "他的话她的话"):
                text = "他" * before + word + after
                assert word in segmenter.segment(text), (before, word, after)
    for before in range(70):
        assert segmenter.segment("«" * before + "é1ü")[-1] == "é1ü"  # a text of one byte a character


@SOURCES
def test_a_forced_entry_covers_what_it_reaches(source, tmp_path):
    def segment(text, *words):
        return forced(words, source, tmp_path).segment(text)

    # Over the place where a long sequence is cut, and over spaces.
    assert segment("他" * 1023 + "易杭研大", "易杭", "杭研", "研大")[-2:] == ["易杭", "研大"]
    assert segment("易 杭 研大厦", "易 杭 研", "杭", "研大", "研") == ["易 杭 研", *cws.segment("大厦")]
    assert segment("易 杭 研大", "易 杭", "杭 研大", "杭") == ["易 杭", " ", *cws.segment("研大")]
    assert segment("易 杭研 大", "易 杭", "杭研", "研 大") == ["易 杭", "研 大"]


@pytest.mark.parametrize("content", [
    "网易杭研 !\n机器学习 3.5 TERM\n云计算\n的话 -\n",
    "\ufeff网易杭研\t!\r\n机器学习\t3.5\tTERM\r\n\r\n云计算 # why\r\n# no\r\n的话 -\r\n",
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_files_are_read(tmp_path, content, encoding):
    path = tmp_path / "words.txt"
    path.write_bytes(content.encode(encoding))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dictionary = UserDictionary.read(path, encoding=encoding)
    assert sorted(dictionary) == sorted([
        Entry("网易杭研", "!", None), Entry("机器学习", 3.5, "TERM"), Entry("云计算", DEFAULT_WEIGHT, None),
        Entry("的话", "-", None),
    ])  # fmt: skip


def test_words_of_a_file_may_hold_spaces_and_hashes(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("New York\t!\tCITY\nC# !\nF#\t2\n#no\nA#B#C 1 # comment # more\n3D 打印\t\n", encoding="utf-8")
    assert [entry.word for entry in UserDictionary.read(path)] == ["3D 打印", "A#B#C", "C#", "F#", "New York"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("网易 杭研", "tabs"),
        ("网易 1 2 3", "4 fields"),
        ("网易 1000", "counts"),
        ("网易 nan", "from -100"),
        ("网易 1e400", "from -100"),
        ("网易\t?", "weight"),
        ("网\x07易 1", "control"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, problem):
    path = tmp_path / "words.txt"
    path.write_text(f"好\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=problem) as caught:
        UserDictionary.read(path)
    assert (caught.value.path, caught.value.line) == (str(path), 2)


def test_repeated_entries_are_reported_once(tmp_path):
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("甲\n乙 1\n甲\n甲\n", encoding="utf-8")
    two.write_text("乙 !\n", encoding="utf-8")
    with pytest.warns(DictionaryWarning) as caught:
        dictionary = UserDictionary.read(one, two)
    assert [str(warning.message) for warning in caught] == [
        f"2 entries are given twice, first 甲 at {one}:1 and {one}:3",
        f"1 entry is given twice and differ, first 乙 at {one}:2 and {two}:1: the last counts",
    ]
    assert dictionary.get("乙") == Entry("乙", "!", None)


def test_a_hash_begins_a_comment_but_not_inside_a_word(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("#网红\n\\#网红# !\nC#\t!\nC #\t1\n好 #5\n", "utf-8")
    assert [entry.word for entry in UserDictionary.read(path)] == ["#网红#", "C #", "C#", "好"]


@pytest.mark.parametrize("line", ["网易杭研 !\t", "网易\t!\ta b", "网易 1_0", "网易 1 a\x01"])
def test_lines_that_mean_something_else_are_refused(tmp_path, line):
    path = tmp_path / "words.txt"
    path.write_text(line + "\n", "utf-8")
    with pytest.raises(CorpusError, match="expected a"):
        UserDictionary.read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_dictionary_may_come_from_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("网易杭研 !\n", "utf-8"))
    writer.start()
    assert len(UserDictionary.read(path)) == 1
    writer.join()


def test_a_compiled_dictionary_keeps_how_it_was_compiled(tmp_path):
    UserDictionary(["a"], ignore_case=True).save(tmp_path / "words.dict")
    assert "A" in UserDictionary.read(tmp_path / "words.dict")
    with pytest.raises(InputError, match="compile it again"):
        UserDictionary.read(tmp_path / "words.dict", ignore_width=True)
    with pytest.raises(InputError, match="stands alone"):
        UserDictionary.read(tmp_path / "words.dict", tmp_path / "words.dict")


@pytest.mark.parametrize("dictionary", [5, {"网易": 3.0}])
def test_what_is_no_dictionary_is_refused(dictionary):
    with pytest.raises(InputError, match="expected a user dictionary"):
        cws.load(user_dictionary=dictionary)


def test_threads_that_add_the_first_words_share_a_dictionary(monkeypatch):
    use = Segmenter._use

    def use_slowly(segmenter, dictionary):
        time.sleep(0.01)  # so that all threads come to the same place
        use(segmenter, dictionary)

    for is_slow in (False, True):
        monkeypatch.setattr(Segmenter, "_use", use_slowly if is_slow else use)
        for _ in range(10):
            segmenter, barrier = Segmenter(), threading.Barrier(4)

            def add(number, segmenter=segmenter, barrier=barrier):
                barrier.wait()
                segmenter.add_word(f"易杭{number}", "!")

            threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(segmenter.user_dictionary) == 4


def test_a_model_without_a_dictionary_replaces_one_that_has_one(tmp_path):
    Segmenter(user_dictionary=["易杭"]).save(tmp_path)
    Segmenter().save(tmp_path)
    assert len(cws.load(tmp_path).user_dictionary) == 0


def test_a_part_of_a_run_is_no_entry_for_tokens():
    segmenter = Segmenter("ctb")
    plain = segmenter.tokens("买了iPhone15Pro")
    segmenter.add_word("15", "!", "NUM")
    assert segmenter.tokens("买了iPhone15Pro") == plain


def test_a_soft_entry_is_never_forced_by_the_length_of_a_text():
    segmenter = make("pku", {"易杭": 0.001})
    assert "易杭" not in segmenter.segment("他" * 1023 + "易杭研" + "他" * 5)
    assert "易杭" in make("pku", {"易杭": FORCED}).segment("他" * 1023 + "易杭研" + "他" * 5)


@pytest.mark.parametrize(("piece", "entry"), [("a1b2c3d4", "网易"), ("哈", "哈哈")])
def test_a_long_line_takes_linear_time(monkeypatch, piece, entry):
    monkeypatch.setattr(streaming, "BLOCK", 1 << 12)
    hard = (piece * (1 << 18)).encode()[: 3 << 16]
    data = hard + ("今天天气真好，" * (1 << 12)).encode()
    blocks = [data[at : at + streaming.BLOCK] for at in range(0, len(data), streaming.BLOCK)]
    native = make("pku", {entry: FORCED}).native
    lengths = []

    class Counting:
        """The core, and how much it was asked to look at."""

        def whole_sequences(self, rest, column, has_words):
            lengths.append(len(rest))
            return native.whole_sequences(rest, column, has_words)

    class Stand:
        native = Counting()

    cuts = list(streaming._whole_blocks(Stand(), blocks))
    assert b"".join(block.data for block in cuts) == data
    assert sum(lengths) <= 4 * len(data)
    assert lengths[-1] <= 4 * streaming.BLOCK  # where it is easy again, little is enough again


def test_missing_and_foreign_files_are_named(tmp_path):
    with pytest.raises(FileError, match="check the path"):
        Segmenter(user_dictionary=tmp_path / "none.txt")
    path = tmp_path / "words.txt"
    path.write_bytes("网易".encode("gb18030"))
    with pytest.raises(EncodingError):
        UserDictionary.read(path)


@pytest.mark.parametrize("word", ["", " ", " 网", "网\n易", "\0", "网\u2028", None, b"a"])
def test_what_is_no_word_is_refused(word):
    dictionary = UserDictionary()
    with pytest.raises(InputError, match="expected a word"):
        dictionary.add_word(word)
    assert len(dictionary) == 0


@pytest.mark.parametrize("weight", [float("nan"), 101, -1e9, "x", True, [1]])
def test_senseless_weights_are_refused(weight):
    with pytest.raises(InputError, match="expected a weight"):
        UserDictionary().add_word("网易", weight)


@pytest.mark.parametrize("label", ["", "a b", 3, "\n"])
def test_senseless_labels_are_refused(label):
    with pytest.raises(InputError, match="expected a label"):
        UserDictionary().add_word("网易", 1, label)


def test_words_are_added_and_removed():
    dictionary = UserDictionary(["网易", "杭研"])
    dictionary.add_word("网易", "!", "ORG")
    dictionary.add_word("杭", 1)
    dictionary.remove_word("杭研")
    assert list(dictionary) == [Entry("杭", 1.0, None), Entry("网易", "!", "ORG")]
    assert (len(dictionary), "杭研" in dictionary, dictionary.get("杭研")) == (2, False, None)
    with pytest.raises(InputError, match="no entry"):
        dictionary.remove_word("杭研")
    dictionary.add_word("杭研")
    assert dictionary.get("杭研") == Entry("杭研", DEFAULT_WEIGHT, None)
    with pytest.raises(InputError, match="list of words"):
        UserDictionary("网易")


changes = st.lists(
    st.tuples(st.text("甲乙丙", min_size=1, max_size=3), weights | st.none(), st.sampled_from([None, "A", "B"]))
)


@given(changes, changes)
def test_a_dictionary_is_a_map(first, second):
    dictionary, expected = UserDictionary(), {}
    for half in (first, second):
        for word, weight, label in half:
            if weight is None:
                if expected.pop(word, None):
                    dictionary.remove_word(word)
            else:
                mark = {FORCED: "!", NEVER: "-"}.get(weight, weight)
                dictionary.add_word(word, mark, label)
                expected[word] = Entry(word, mark, label)
        assert sorted(dictionary) == sorted(expected.values(), key=lambda entry: entry.word)
        assert len(dictionary) == len(expected)
        assert all(dictionary.get(word) == entry for word, entry in expected.items())
        dictionary = pickle.loads(pickle.dumps(dictionary))


@example({"甲": (1.0, "A")}, b"", 0)
@settings(max_examples=200)
@given(
    st.dictionaries(st.text("甲乙a", min_size=1), st.tuples(st.floats(-9, 9), st.sampled_from([None, "A"]))),
    st.binary(min_size=1),
    st.integers(0),
)
def test_compiled_files_come_back_or_are_refused(tmp_path_factory, entries, noise, place):
    path = tmp_path_factory.getbasetemp() / "compiled"
    dictionary = UserDictionary()
    for word, (weight, label) in entries.items():
        dictionary.add_word(word, weight, label)
    dictionary.save(path)
    again = UserDictionary.read(path)
    assert list(again) == list(dictionary)
    text = "甲乙a乙甲 甲"
    assert Segmenter(user_dictionary=again).segment(text) == Segmenter(user_dictionary=dictionary).segment(text)
    data = bytearray(path.read_bytes())
    begin = place % len(data)
    data[begin : begin + len(noise)] = noise
    path.write_bytes(data)
    try:
        segmenter = Segmenter(user_dictionary=path)
    except (ModelError, CorpusError, EncodingError):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
    assert "".join(segmenter.segment(text)) == text


def test_compiled_files_of_other_versions_are_refused(tmp_path):
    path = tmp_path / "words.dict"
    UserDictionary(["易杭"]).save(path)
    data = path.read_bytes()
    assert data.count(b'"version":"2"') == 1
    path.write_bytes(data.replace(b'"version":"2"', b'"version":"1"'))
    with pytest.raises(ModelError, match="compile it with this release"):
        UserDictionary.read(path)


def test_a_dictionary_is_saved_with_a_model(tmp_path):
    segmenter = Segmenter(user_dictionary=["易杭"])
    segmenter.add_word("研大厦", "!", "X")
    segmenter.save(tmp_path / "mine")
    again = cws.load(tmp_path / "mine")
    assert again.segment(TEXT) == segmenter.segment(TEXT)
    assert list(again.user_dictionary) == list(segmenter.user_dictionary)
    assert "研大厦" not in cws.load(tmp_path / "mine", user_dictionary=[]).segment(TEXT)
    again.add_word("今天天", "!")
    again.save(tmp_path / "mine")  # over the file it is mapped from
    assert "今天天" in cws.load(tmp_path / "mine").segment(TEXT)


def test_dictionaries_travel_to_other_processes():
    segmenter = make("pku", {"易杭": FORCED})
    code = "import pickle, sys; print(' '.join(pickle.load(sys.stdin.buffer).segment('网易杭研大厦')))"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(segmenter), capture_output=True, check=True)
    assert done.stdout.decode().split() == segmenter.segment("网易杭研大厦")


def test_changes_do_not_disturb_threads_that_segment():
    dictionary = UserDictionary()
    segmenter = Segmenter(user_dictionary=dictionary)
    before = segmenter.segment(TEXT * 20)
    dictionary.add_word("易杭", "!")
    after = segmenter.segment(TEXT * 20)
    assert before != after
    dictionary.remove_word("易杭")
    stop = threading.Event()
    wrong = []

    def work():
        while not stop.is_set():
            words = segmenter.segment(TEXT * 20)
            if words not in (before, after):
                wrong.append(words)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        dictionary.add_word("易杭", "!")
        dictionary.add_word(f"别的{number}")
        dictionary.remove_word("易杭")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(dictionary) == 300


def test_a_text_is_segmented_with_the_dictionary_as_it_was():
    dictionary = UserDictionary(["别的"])
    segmenter = Segmenter(user_dictionary=dictionary)
    text = TEXT * 10_000  # long enough for changes to come while the core is at work
    counts = []
    for _ in range(5):
        thread = threading.Thread(target=lambda: counts.append(segmenter.segment(text).count("易杭")))
        thread.start()
        for _ in range(5):
            time.sleep(0.001)
            dictionary.add_word("易杭", "!")
            dictionary.remove_word("易杭")
        dictionary.add_word("易杭", "!")
        thread.join()
        dictionary.remove_word("易杭")
    assert set(counts) <= {0, 10_000}


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([*"他来到了网易ab \n，", "New York", "网易 杭研"]), max_size=60).map("".join),
    st.integers(1, 40),
)
def test_blocks_of_any_size_give_the_same_words(text, size):
    segmenter = make("pku", {"New York": FORCED, "网易 杭研": 3.0, "易了": FORCED, "，他": 9.0, "b a": FORCED})
    lines = []
    for line in text.split("\n"):
        spans = word_spans(segmenter.segment(line), line)
        lines.append(" ".join(f"{a}-{b}" for a, b in spans if not line[a:b].isspace()))
    whole = "".join(f"{line}\n" for line in lines[:-1]) + (f"{lines[-1]}\n" if text.split("\n")[-1] else "")
    data = text.encode()
    was, streaming.BLOCK = streaming.BLOCK, size
    try:
        blocks = [data[at : at + size] for at in range(0, len(data), size)]
        found = b"".join(streaming.segment_blocks(segmenter, blocks, format="spans"))
    finally:
        streaming.BLOCK = was
    assert found.decode() == whole
