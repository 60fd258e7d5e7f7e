from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

import cws
from cws import model_io
from cws.bundled import DEFAULT_MODEL
from cws.errors import FileError, InputError, ModelError
from cws.labelers.character_classes import SEPARATOR, classes_of
from cws.labelers.linear import TENSORS
from cws.segmenter import NBEST_LIMIT, Segmenter, Token

SEGMENTER = cws.load()
NEWS = "他来到了网易杭研大厦，买了一部手机。今天天气真好！我们去北京大学看看 iPhone 15 的价格；好不好？\n"
ODD_TEXTS = {
    "empty": "",
    "one": "我",
    "space": " ",
    "spaces": " \t\u3000\n" * 50,
    "nul": "\0",
    "nuls": "我\0\0是\0",
    "surrogates": "我\ud800是\udfff\udc00人",
    "pair of surrogates": "\ud83d\ude00好",
    "emoji": "我👨\u200d👩\u200d👧😀😀爱🇨🇳",
    "combining": "e\u0301 cafe\u0301\u0301\u0301",
    "latin-1": "café ÿ\xa0\x85\xad",
    "ascii": "Hello, world! 3.14",
    "astral only": "𠀀𠀁𠀂\U0010ffff",
    "bom": "\ufeff今天",
    "line ends": "今天\r\n\r\n天气\r\n",
    "right to left": "שלום 今天 مرحبا",
}
LONG_TEXTS = {
    "digits": "0123456789" * 100_000,
    "letters": "a" * 1_000_000,
    "one character": "哈" * 300_000,
    "two characters": "中国" * 200_000,
    "clause marks": "，" * 300_000,
    "no white space": NEWS.replace(" ", "").strip() * 10_000,
    "only spaces": " " * 1_000_000,
    "only line feeds": "\n" * 300_000,
    "alternating": "我 " * 200_000,
    "astral": "𠀀" * 100_000,
}


def any_case(cases):
    return pytest.mark.parametrize("text", cases.values(), ids=cases.keys())


# The text is sacred


@settings(max_examples=300)
@given(text=any_text())
def test_segmenter_words_joined_are_the_text(text):
    words = SEGMENTER.segment(text)
    assert "".join(words) == text
    assert all(words)


@any_case(ODD_TEXTS)
@pytest.mark.parametrize("model", cws.models())
def test_segmenter_keeps_odd_texts(model, text):
    segmenter = cws.load(model)
    assert "".join(segmenter.segment(text)) == text
    assert "".join(token.text for token in segmenter.tokens(text)) == text
    assert all("".join(words) == text for _, words in segmenter.nbest(text, 3))


@any_case(LONG_TEXTS)
def test_segmenter_keeps_long_texts(text):
    words = SEGMENTER.segment(text)
    assert "".join(words) == text
    assert all(words)


def test_segmenter_makes_ordinary_strings():
    # Words of each width that a str can have, made twice: by the allocator and from the cache.
    for text in ("ab c", "é b", "今天 a", "😀 今a", "\0 \0\0"):
        for _ in range(2):
            for word in SEGMENTER.segment(text):
                twin = "".join(list(word))
                assert word == twin
                assert hash(word) == hash(twin)
                assert sys.getsizeof(word) <= sys.getsizeof(twin)  # Python's own "é" may hold its UTF-8 too


def test_segmenter_words_of_other_texts_do_not_mix():
    # The cache of words knows them by their code points; these are the ones that could be taken for another.
    pieces = ["a", "a\0", "\0a", "\0", "\0\0", "ab", "\u0161", "\U00010061", "天", "天\0", "\0\0a", "a\0\0b"]
    for _ in range(2):
        for piece in pieces:
            assert "".join(SEGMENTER.segment(piece)) == piece


def test_segmenter_does_not_leak_words():
    words = SEGMENTER.segment("今天天气")
    before = sys.getrefcount(words[0])
    for _ in range(100):
        SEGMENTER.segment("今天天气")
        SEGMENTER.segment_batch(["今天天气"] * 5, threads=2)
        SEGMENTER.nbest("今天天气", 3)
    assert sys.getrefcount(words[0]) <= before + 1


# White space


def test_segmenter_white_space_is_a_word_that_ends_after_a_line_feed():
    assert SEGMENTER.segment("  我 \t\n\n \x00\r\n  是\n") == ["  ", "我", " \t\n", "\n", " \x00\r\n", "  ", "是", "\n"]


@given(text=any_text())
def test_segmenter_runs_of_white_space_are_words(text):
    characters = model_io.map_tensors(SEGMENTER.path, SEGMENTER.config, TENSORS)["characters"]
    words = SEGMENTER.segment(text)
    kinds = [{number == SEPARATOR for number in classes_of(characters, word)} for word in words]
    assert all(len(kind) == 1 for kind in kinds)
    for at in range(1, len(words)):
        if kinds[at - 1] == kinds[at] == {True}:
            assert words[at - 1].endswith("\n")
    assert all("\n" not in word[:-1] for word in words)


@given(text=any_text())
def test_segmenter_lines_can_be_segmented_by_themselves(text):
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    assert [word for line in lines for word in SEGMENTER.segment(line)] == SEGMENTER.segment(text)


@given(before=any_text(max_size=10), after=any_text(max_size=10))
def test_segmenter_text_behind_white_space_is_segmented_by_itself(before, after):
    assert SEGMENTER.segment(f"{before}\n{after}") == SEGMENTER.segment(f"{before}\n") + SEGMENTER.segment(after)


# Long sequences


def sequence_begins(text: str) -> list[int]:
    return [begin for begin, _ in SEGMENTER.predictor.emissions(text)]


def test_segmenter_sequences_of_1024_characters_are_whole():
    assert sequence_begins("天" * 1024) == [0]
    assert sequence_begins("天，" + "天" * 1022) == [0]


def test_segmenter_longer_sequences_are_cut_at_1024():
    assert sequence_begins("天" * 1025) == [0, 1024]
    assert sequence_begins("天" * 5000) == [0, 1024, 2048, 3072, 4096]


@pytest.mark.parametrize("mark", "。！？；，、")
def test_segmenter_longer_sequences_are_cut_after_their_last_clause_mark(mark):
    text = "天" * 500 + mark + "天" * 300 + mark + "天" * 2000
    assert sequence_begins(text) == [0, 802, 1826]
    assert sequence_begins("天" * 1023 + mark + "天") == [0, 1024]
    assert sequence_begins("天" * 1024 + mark) == [0, 1024]


@pytest.mark.parametrize("mark", [",", ".", "!", "：", "…", "”"])
def test_segmenter_other_marks_do_not_cut(mark):
    assert sequence_begins("天" * 500 + mark + "天" * 1000) == [0, 1024]


def test_segmenter_white_space_behind_1024_characters_needs_no_cut():
    assert sequence_begins("天，" + "天" * 1022 + " 天") == [0, 1025]


def test_segmenter_cuts_depend_on_the_text_since_the_last_white_space_only():
    long = NEWS.replace(" ", "").strip() * 50
    assert SEGMENTER.segment("我 " + long) == ["我", " ", *SEGMENTER.segment(long)]


@pytest.mark.parametrize("text", ["天，" + "天" * 3000, "天" * 1024 + " " + "天" * 1024])
def test_segmenter_no_word_crosses_a_cut(text):
    ends = {end for _, _, end, *_ in SEGMENTER.tokens(text)}
    assert ends >= {begin for begin in sequence_begins(text) if begin}


# Many texts


@given(texts=st.lists(any_text(max_size=15), max_size=30), threads=st.sampled_from([1, 2, 7]))
def test_segmenter_batch_equals_segment(texts, threads):
    assert SEGMENTER.segment_batch(texts, threads=threads) == [SEGMENTER.segment(text) for text in texts]


@pytest.mark.parametrize("threads", [1, 2, 7, 256])
@pytest.mark.parametrize("count", [0, 1, 3, 1000, 3001])
def test_segmenter_batch_of_any_size_keeps_the_order(count, threads):
    texts = [f"{at}号他来到了网易{'，今天天气真好' * (at % 7)}" for at in range(count)]
    assert SEGMENTER.segment_batch(texts, threads=threads) == [SEGMENTER.segment(text) for text in texts]


@pytest.mark.parametrize("texts", [["今天", "天气"], ("今天", "天气"), iter(["今天", "天气"]), {"今天": 1, "天气": 2}])
def test_segmenter_batch_takes_any_iterable(texts):
    assert SEGMENTER.segment_batch(texts, threads=2) == [["今天"], ["天气"]]


def test_segmenter_batch_hands_on_errors_of_the_iterable():
    def broken():
        yield "今天"
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        SEGMENTER.segment_batch(broken())


def test_segmenter_batch_can_be_interrupted():
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            SEGMENTER.segment_batch([NEWS * 200] * 1000, threads=2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert SEGMENTER.segment_batch(["今天"]) == [["今天"]]


def test_segmenter_is_shared_by_threads():
    texts = [NEWS * (1 + at % 5) for at in range(60)]
    expected = [SEGMENTER.segment(text) for text in texts]
    with ThreadPoolExecutor(12) as pool:
        assert [*pool.map(SEGMENTER.segment, texts)] == expected
        assert [*pool.map(lambda text: [token.text for token in SEGMENTER.tokens(text)], texts)] == expected
        batches = pool.map(lambda _: SEGMENTER.segment_batch(texts, threads=3), range(8))
        assert all(batch == expected for batch in batches)


# Tokens


@given(text=any_text())
def test_segmenter_tokens_say_where_words_are(text):
    tokens = SEGMENTER.tokens(text)
    assert [token.text for token in tokens] == SEGMENTER.segment(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert [token.start for token in tokens] == [0, *(token.end for token in tokens)][: len(tokens)]
    assert all(0 <= token.probability <= 1 and token.label is None for token in tokens)


def test_segmenter_tokens_of_white_space_are_certain():
    assert SEGMENTER.tokens(" \n") == [Token(" \n", 0, 2, None, 1.0, "space")]
    assert SEGMENTER.tokens("") == []


def test_segmenter_tokens_of_a_single_character_are_certain():
    assert SEGMENTER.tokens("我")[0].probability == pytest.approx(1.0)


def test_segmenter_tokens_of_long_sequences_have_probabilities():
    tokens = SEGMENTER.tokens(NEWS.replace(" ", "").strip() * 60)
    assert all(0 < token.probability <= 1 for token in tokens)
    assert min(token.probability for token in tokens) < 0.99


# N best


@given(text=any_text(max_size=12), n=st.integers(1, 12))
def test_segmenter_nbest_begins_with_segment_and_falls(text, n):
    best = SEGMENTER.nbest(text, n)
    assert best[0][1] == SEGMENTER.segment(text)
    assert 1 <= len(best) <= n
    assert [score for score, _ in best] == sorted((score for score, _ in best), reverse=True)
    assert len({tuple(words) for _, words in best}) == len(best)
    assert all("".join(words) == text for _, words in best)


def test_segmenter_nbest_gives_five_unless_told():
    assert len(SEGMENTER.nbest("他来到了网易杭研大厦")) == 5
    assert len(SEGMENTER.nbest("他来到了网易杭研大厦", n=NBEST_LIMIT)) == 2**9


def test_segmenter_nbest_differences_are_log_odds():
    text = "今天天气"
    (first, words), *_ = best = SEGMENTER.nbest(text, 8)
    whole = sum(np.exp(score) for score, _ in best)  # four characters: all eight segmentations
    together = sum(np.exp(score) for score, other in best if other[0] == words[0])
    assert SEGMENTER.tokens(text)[0].probability == pytest.approx(together / whole)
    assert first == best[0][0]


# Processes


def segment_in_child(segmenter: Segmenter, text: str) -> list[str]:
    return segmenter.segment(text)


@pytest.mark.parametrize("model", [*cws.models(), None])
def test_segmenter_pickles(tmp_path, model):
    segmenter = cws.load(model or copy_of_default(tmp_path / "mine"))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(segmenter, protocol))
        assert twin.segment(NEWS) == segmenter.segment(NEWS)
        assert (twin.path, twin.config) == (segmenter.path, segmenter.config)
    assert copy.deepcopy(segmenter).segment(NEWS) == segmenter.segment(NEWS)
    assert len(pickle.dumps(segmenter)) < 1000


def test_segmenter_pickles_of_relative_folders_load_anywhere(tmp_path, monkeypatch):
    copy_of_default(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps(cws.load("mine"))
    monkeypatch.chdir("/")
    assert pickle.loads(pickled).segment("今天天气") == ["今天", "天气"]


def test_segmenter_tokens_pickle():
    tokens = SEGMENTER.tokens("今天天气")
    assert pickle.loads(pickle.dumps(tokens)) == tokens


# Python warns that the locks of other threads may stay closed in the child; ours do not.
forking = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@forking
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_segmenter_works_in_child_processes(method):
    SEGMENTER.segment_batch([NEWS] * 10, threads=3)  # has had threads
    with multiprocessing.get_context(method).Pool(2) as pool:
        results = pool.starmap(segment_in_child, [(SEGMENTER, NEWS)] * 3)
    assert results == [SEGMENTER.segment(NEWS)] * 3


@forking
def test_segmenter_forks_while_its_threads_run():
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(SEGMENTER.segment, NEWS * 2000) for _ in range(40)]
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0 if SEGMENTER.segment_batch([NEWS] * 4, threads=2)[0] == SEGMENTER.segment(NEWS) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert all(future.result() for future in running)


# What is refused


@pytest.mark.parametrize("wrong", [b"\xe4", None, 5, ["a"], bytearray(b"a"), np.array("a")], ids=repr)
@pytest.mark.parametrize("method", ["segment", "tokens", "nbest"])
def test_segmenter_refuses_what_is_no_text(method, wrong):
    message = f"{method} expects a str, got {type(wrong).__name__}: decode bytes first"
    with pytest.raises(InputError, match=message):
        getattr(SEGMENTER, method)(wrong)


def test_segmenter_module_function_refuses_what_is_no_text():
    with pytest.raises(InputError, match="segment expects a str, got bytes: decode bytes first"):
        cws.segment(b"a")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", b"b"], "segment_batch expects str, text 1 is bytes: decode bytes first"),
        ([None], "segment_batch expects str, text 0 is NoneType"),
        ((["a"],), "segment_batch expects str, text 0 is list"),
        (b"ab", "segment_batch expects str, text 0 is int"),
        (None, "segment_batch expects a list of str, got NoneType: segment takes one text"),
        (5, "segment_batch expects a list of str, got int"),
        ("今天", "segment_batch expects a list of str, got str: segment takes one text"),
    ],
)
def test_segmenter_batch_refuses_what_are_no_texts(texts, message):
    with pytest.raises(InputError, match=message):
        SEGMENTER.segment_batch(texts, threads=2)


@pytest.mark.parametrize("threads", [0, -1, 257, 10**9, 10**30, None, "2", 1.0])
def test_segmenter_batch_refuses_invalid_threads(threads):
    with pytest.raises(InputError, match=f"threads must be from 1 to 256, got {threads!r}"):
        SEGMENTER.segment_batch(["a"], threads=threads)


@pytest.mark.parametrize("n", [0, -1, NBEST_LIMIT + 1, 10**30, None, 2.5])
def test_segmenter_nbest_refuses_invalid_numbers(n):
    with pytest.raises(InputError, match=f"n must be from 1 to 10000, got {n!r}"):
        SEGMENTER.nbest("今天", n)


class Text(str):
    __slots__ = ()


def test_segmenter_takes_subclasses_of_str():
    words = SEGMENTER.segment(Text("今天天气"))
    assert words == ["今天", "天气"]
    assert {type(word) for word in words} == {str}
    assert SEGMENTER.segment_batch([Text("今天天气"), np.str_("今天")], threads=2) == [["今天", "天气"], ["今天"]]
    assert SEGMENTER.tokens(Text("今天"))[0].text == "今天"
    assert SEGMENTER.nbest(Text("今天"), 1)[0][1] == ["今天"]


# Models


def copy_of_default(folder: Path) -> Path:
    folder.mkdir()
    for path in Path(SEGMENTER.path).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_segmenter_models_are_listed_the_default_first():
    assert cws.models() == ["general", "ctb", "pku", "sxu", "ud"]
    assert cws.models()[0] == DEFAULT_MODEL
    assert [cws.load(name).config["name"] for name in cws.models()] == cws.models()


def test_segmenter_loads_folders(tmp_path):
    folder = copy_of_default(tmp_path / "mine")
    for name in (folder, str(folder), os.fsencode(folder)):
        if isinstance(name, bytes):
            with pytest.raises(InputError, match="expected the name or the folder of a model, got bytes"):
                cws.load(name)
        else:
            assert cws.load(name).segment(NEWS) == SEGMENTER.segment(NEWS)


@pytest.mark.parametrize("name", [".", "./", "../mine", "./pku/.."])
def test_segmenter_loads_relative_folders(tmp_path, monkeypatch, name):
    monkeypatch.chdir(copy_of_default(tmp_path / "mine"))
    (tmp_path / "mine" / "pku").mkdir()
    assert cws.load(name).path == str(tmp_path / "mine")


def test_segmenter_bundled_names_come_before_folders(tmp_path, monkeypatch):
    (tmp_path / "pku").mkdir()
    monkeypatch.chdir(tmp_path)
    assert cws.load("pku").path == os.path.join(os.path.dirname(SEGMENTER.path), "pku")
    with pytest.raises(FileError, match=r"pku/cws\.json: No such file"):
        cws.load("./pku")


@pytest.mark.parametrize("name", ["nosuch", "", "PKU", "pku/nosuch", "variants.txt", "a\0b", "\ud800"])
def test_segmenter_unknown_model_lists_what_exists(name):
    with pytest.raises(
        InputError, match="no model .*: (did you mean|give a folder made by cws train, or one of general, ctb, pku)"
    ):
        cws.load(name)


@pytest.mark.parametrize("wrong", [None, 5, ["pku"]])
def test_segmenter_refuses_what_is_no_model_name(wrong):
    with pytest.raises(InputError, match=f"expected the name or the folder of a model, got {type(wrong).__name__}"):
        cws.load(wrong)


@pytest.mark.parametrize("kind", [None, "lstm", 5, ["linear"]])
def test_segmenter_unknown_kind_is_an_error(tmp_path, kind):
    model_io.write_model(tmp_path, {"kind": kind}, {"x": np.zeros(1, np.uint8)})
    with pytest.raises(ModelError, match="unknown kind .* of model: .*this release knows linear, hmm"):
        cws.load(tmp_path)


def test_segmenter_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(FileError, match=r"cws\.json: No such file"):
        cws.load(tmp_path)


def test_segmenter_says_what_it_is(tmp_path):
    assert repr(SEGMENTER) == "Segmenter('general')"
    assert repr(cws.load(copy_of_default(tmp_path / "mine"))) == f"Segmenter({str(tmp_path / 'mine')!r})"


def test_segmenter_default_model_is_loaded_once_by_racing_threads():
    # In a fresh process, where the default is not loaded yet.
    script = """
import threading
import cws, cws.segmenter as module
loads, start, results = [], threading.Barrier(8), []
original = module.Segmenter.__init__
def counted(self, *arguments):
    loads.append(1)
    original(self, *arguments)
module.Segmenter.__init__ = counted
def work():
    start.wait()
    results.append(cws.segment("今天天气真好"))
assert module._default is None
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(loads), results == [["今天", "天气", "真", "好"]] * 8)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1 True\n"
    assert done.stderr == ""
