"""cws.compat.jieba against the installed jieba: the same calls, the same results."""

from __future__ import annotations

import inspect
import io
import lzma
import os
import random
import subprocess
import sys
import threading
import types
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

import cws.compat.jieba as ours
import cws.compat.jieba.posseg as our_posseg
from cws.compat.jieba import tables, tokenizer
from cws.errors import FileError, ModelError

# jieba leaves files open for the garbage collector.
leaks_files = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

LINES = [
    "研究 60 v", "研究生 20 n", "生命 40 n", "命 10 n", "起源 30 n", "的 900 uj", "北京 50 ns", "北京大学 9 nt",
    "大学生 7 n", "大学 20 n", "T恤 4 n", "C++ 3 nz", "5G 6 nz", "G网 6 n", "一 99 m", "中 0 f", "生命力 1 n",
    "\U00020000\U00020001 5 x",
]  # fmt: skip
PIECES = st.sampled_from([
    "研究", "生", "命", "起源", "的", "北京", "大学", "一", "中国", "杭研", "龘", "T恤", "5G网", "C++", "3.14%",
    "a.b-c_d", "\r\n", "\r", " ", "\u3000", "，", ".", "%", "-", "+#&", "x1", "\ud800", "\0", "😀",
    "\U00020000\U00020001",
])  # fmt: skip
texts = st.lists(PIECES, max_size=14).map("".join) | any_text()
strings = st.lists(PIECES, max_size=3).map("".join)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The installed jieba, which warns when it is imported, and keeps a cache."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg
    jieba.setLogLevel(60)
    jieba.dt.tmp_dir = str(tmp_path_factory.mktemp("cache"))
    jieba.initialize()
    return jieba


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A short word list, and a folder for jieba's cache of it."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "words.txt").write_text("\n".join(LINES) + "\n", "utf-8")
    return folder


def make(module, folder):
    made = module.Tokenizer(str(folder / "words.txt"))
    made.tmp_dir = str(folder)
    return made


def pairs(tagged):
    return [(one.word, one.flag) for one in tagged]


def everything(one, posseg, text):
    """What each mode makes of a text."""
    return {
        "default": one.lcut(text),
        "without HMM": one.lcut(text, HMM=False),
        "all": one.lcut(text, cut_all=True),
        "search": one.lcut_for_search(text),
        "search without HMM": one.lcut_for_search(text, HMM=False),
        "tokenize": list(one.tokenize(text)),
        "tokenize for search": list(one.tokenize(text, mode="search")),
        "tokenize for search without HMM": list(one.tokenize(text, "search", HMM=False)),
        "tags": pairs(posseg.lcut(text)),
        "tags without HMM": pairs(posseg.lcut(text, HMM=False)),
    }


def outcome(call, *arguments, **options):
    """What a call returns or raises."""
    try:
        result = call(*arguments, **options)
        return list(result) if isinstance(result, types.GeneratorType) else result
    except Exception as error:
        return type(error), str(error)


def same(theirs, text):
    assert everything(ours, our_posseg, text) == everything(theirs, theirs.posseg, text)


@given(texts)
def test_jieba_words_of_any_text(theirs, text):
    same(theirs, text)


SPACES = [code for code in range(0x110000) if chr(code).isspace()]


def test_jieba_words_of_code_points(theirs):
    for code in [*range(0x100), *SPACES, *range(0x4DFE, 0x4E02), *range(0x9FD4, 0x9FD8), *range(0x100, 0x10FFFF, 1499)]:
        text = f"a{chr(code)}1 {chr(code)}研究"
        assert ours.lcut(text) == theirs.lcut(text), hex(code)
        assert ours.lcut(text, cut_all=True) == theirs.lcut(text, cut_all=True), hex(code)
        assert pairs(our_posseg.lcut(text)) == pairs(theirs.posseg.lcut(text)), hex(code)


def test_jieba_words_of_chinese_characters_at_random(theirs):
    # The model's ties and gaps are among characters that no text has side by side.
    choose = random.Random(3)
    for _ in range(25):
        text = "".join(chr(choose.randrange(0x4E00, 0x9FD6)) for _ in range(choose.randrange(1, 30)))
        same(theirs, text)


def test_jieba_words_of_a_long_text(theirs):
    text = "研究生命起源，他来到了网易杭研大厦 T恤3.5%\r\n" * 1000  # long enough for the GIL to be released
    assert ours.lcut(text) == theirs.lcut(text)
    assert ours.lcut(text, cut_all=True) == theirs.lcut(text, cut_all=True)
    assert len(ours.lcut("研" * 1_000_000)) > 0
    assert len(ours.lcut("a" * 1_000_000)) == 1


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.just("add_word"), strings, st.sampled_from([None, 0, 1, 7, 10**5, 10**30, "12"]), st.just("nz"))
        | st.tuples(st.just("del_word"), strings)
        | st.tuples(st.just("suggest_freq"), strings, st.booleans())
        | st.tuples(st.just("suggest_freq"), st.tuples(strings, strings), st.booleans()),
        max_size=8,
    ),
    texts,
)
def test_jieba_words_after_changes_of_the_list(theirs, small, changes, text):
    one, other = make(ours, small), make(theirs, small)
    one_tags, other_tags = our_posseg.POSTokenizer(one), theirs.posseg.POSTokenizer(other)
    for name, *arguments in changes:
        assert outcome(getattr(one, name), *arguments) == outcome(getattr(other, name), *arguments)
    assert one.total == other.total
    assert dict(one.FREQ.items()) == other.FREQ
    text += "".join(arguments[0] for _, *arguments in changes if isinstance(arguments[0], str))
    assert everything(one, one_tags, text) == everything(other, other_tags, text)


@pytest.mark.parametrize("count", [-3, -(10**30)])
def test_jieba_counts_below_zero_have_no_logarithm(theirs, small, count):
    one, other = make(ours, small), make(theirs, small)
    for each in (one, other):
        each.add_word("龘龘", 10**31)
        each.add_word("起源", count)
    assert one.FREQ["起源"] == other.FREQ["起源"] == count
    assert outcome(one.cut, "研究起源") == outcome(other.cut, "研究起源") == (ValueError, "math domain error")
    assert one.lcut("研究生命") == other.lcut("研究生命")
    one._words.compact()
    assert outcome(one.cut, "研究起源")[0] is ValueError
    assert one.FREQ["起源"] == count


def test_jieba_list_without_counts_has_no_logarithm(theirs, tmp_path):
    (tmp_path / "words.txt").write_text("", "utf-8")
    one, other = make(ours, tmp_path), make(theirs, tmp_path)
    assert outcome(one.cut, "研究") == outcome(other.cut, "研究") == (ValueError, "math domain error")
    assert one.lcut("，") == other.lcut("，") == ["，"]
    assert outcome(one.suggest_freq, ("研", "究"))[0] is outcome(other.suggest_freq, ("研", "究"))[0]


@leaks_files
@pytest.mark.parametrize(
    "lines",
    [
        "研究", "研究 x", "研究  3", "研究 3\n\n生命 4", "研究 -3", "研究 １２", "研究 1_0", "\ufeff研究 3",
        "研究 3 v\r\n生命 4 n\r\n", "研究 3 v\n研究 5 n", "研 究 3", "研究 12345678901234567890123",
        "生\t命 3 n", " 研究 3 v ", "研究 3 v more",
        b"\xff 3 v", b"\xe7\xa0\x94 3 \xff",
    ],
)  # fmt: skip
def test_jieba_reads_or_rejects_odd_lists(theirs, tmp_path, lines):
    (tmp_path / "words.txt").write_bytes(lines if isinstance(lines, bytes) else lines.encode())

    def read(module):
        one = make(module, tmp_path)
        one.initialize()
        return dict(one.FREQ.items()), one.total, one.lcut("生\t命研究研 究生命")

    assert outcome(read, ours) == outcome(read, theirs)

    def read_tags(module, posseg):
        return posseg.POSTokenizer(make(module, tmp_path)).word_tag_tab

    assert outcome(read_tags, ours, our_posseg) == outcome(read_tags, theirs, theirs.posseg)


USER_LISTS = {
    "plain": "云计算 5\n李小福 2 nr\n创新办 3 i\neasy_install 3 eng\n好用 300\n韩玉赏鉴 3 nz\n台中\n".encode(),
    "odd": "\ufeff云 计算 5 n\n\n  \n研究生命 nz\n3 3 n\n 大 N\n凱特琳 0\n北京大 学\r\n".encode(),
    "not UTF-8": "云计算 5\n".encode("gbk"),
}


@leaks_files
@pytest.mark.parametrize("data", USER_LISTS.values(), ids=USER_LISTS)
def test_jieba_user_dictionaries(theirs, small, tmp_path, data, monkeypatch):
    path = tmp_path / "user.txt"
    path.write_bytes(data)
    text = "李小福是创新办主任也是云计算方面的专家，云 计算台中easy_install好用研究生命北京大学 3大凱特琳"

    def load(module, posseg, source):
        one = make(module, small)
        tagger = posseg.POSTokenizer(one)
        result = outcome(one.load_userdict, source)
        return result, one.user_word_tag_tab, everything(one, tagger, text), dict(one.FREQ.items()), one.total

    def sources():
        yield str(path)
        yield io.BytesIO(data)
        if data != USER_LISTS["not UTF-8"]:
            yield io.StringIO(data.decode("utf-8-sig"))
            yield data.decode("utf-8-sig").split("\n")

    for many in (tokenizer._MANY_CHANGES, 1):
        monkeypatch.setattr(tokenizer, "_MANY_CHANGES", many)
        for one, other in zip(sources(), sources(), strict=True):
            got, expected = load(ours, our_posseg, one), load(theirs, theirs.posseg, other)
            assert got[1:] == expected[1:]
            assert got[0] == expected[0] or got[0][0] is expected[0][0] is ValueError  # the name of a BytesIO


def test_jieba_takes_another_list(theirs, small):
    for one in (make(ours, small), make(theirs, small)):
        assert one.lcut("网易") == ["网易"]  # by the model
        one.initialize(str(small / "words.txt"))
        assert one.FREQ.get("研究") == 60
    one, other = ours.Tokenizer(), theirs.Tokenizer()
    other.tmp_dir = str(small)
    for each in (one, other):
        with pytest.raises(Exception, match="jieba: file does not exist: .*nothing"):
            each.set_dictionary(str(small / "nothing"))
        each.set_dictionary(str(small / "words.txt"))
        assert each.lcut("他来到北京大学", HMM=False) == ["他", "来", "到", "北京大学"]
        with pytest.raises(FileNotFoundError):
            each.initialize(str(small / "nothing"))
    assert repr(one) == repr(other)
    assert repr(our_posseg.POSTokenizer(make(ours, small))) == repr(theirs.posseg.POSTokenizer(make(theirs, small)))


def test_jieba_decodes_bytes(theirs):
    for data in ("研究生命".encode(), "研究生命".encode("gbk"), b"\xff\xfe\xd1\xd0", bytearray("研究".encode()), b""):
        assert ours.lcut(data) == theirs.lcut(data)
        assert ours.lcut_for_search(data) == theirs.lcut_for_search(data)
        assert pairs(our_posseg.lcut(data)) == pairs(theirs.posseg.lcut(data))
        assert outcome(ours.tokenize, data) == outcome(theirs.tokenize, data)


@pytest.mark.parametrize("wrong", [None, 3, ["研究"]])
def test_jieba_refuses_what_is_no_text(theirs, wrong):
    for name in ("cut", "lcut", "cut_for_search", "lcut_for_search", "tokenize"):
        assert outcome(getattr(ours, name), wrong) == outcome(getattr(theirs, name), wrong)
    assert outcome(our_posseg.lcut, wrong) == outcome(theirs.posseg.lcut, wrong)
    assert outcome(ours.add_word, wrong) == outcome(theirs.add_word, wrong)


NAMES = (
    "Tokenizer add_word calc cut cut_for_search del_word disable_parallel enable_parallel get_DAG get_FREQ"
    " get_dict_file initialize load_userdict setLogLevel set_dictionary suggest_freq tokenize"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_jieba_signatures_are_the_same(theirs, name):
    def parameters(call):
        return [(one.name, one.kind, one.default) for one in inspect.signature(call).parameters.values()]

    assert parameters(getattr(ours, name)) == parameters(getattr(theirs, name))


@pytest.mark.parametrize("name", ["cut", "lcut", "pair", "POSTokenizer", "initialize"])
def test_jieba_posseg_signatures_are_the_same(theirs, name):
    names = list(inspect.signature(getattr(our_posseg, name)).parameters)
    assert names == list(inspect.signature(getattr(theirs.posseg, name)).parameters)


def test_jieba_generators_and_lists(theirs):
    for one, posseg in ((ours, our_posseg), (theirs, theirs.posseg)):
        for call in (one.cut, one.cut_for_search, one.tokenize, posseg.cut, posseg.dt.cut):
            assert isinstance(call("研究"), types.GeneratorType)
        assert one.lcut("研究", True, False) == list(one.cut("研究", cut_all=True, HMM=False, use_paddle=True))
        assert type(one.lcut("研究")) is type(posseg.lcut("研究")) is list
        assert one.lcut(sentence="研究", HMM=0) == ["研究"]
        assert one.get_FREQ("研究") > 0
        assert (one.get_FREQ("没有这个"), one.get_FREQ("没有这个", 5)) == (None, 5)
        assert one.dt.lcut == one.lcut
        one.setLogLevel(60)


def test_jieba_graph_and_route(theirs):
    text = "研究生命起源 T恤"
    routes = []
    for one in (ours, theirs):
        route = {}
        one.calc(text, one.get_DAG(text), route)
        routes.append((one.get_DAG(text), route))
    assert routes[0] == routes[1]


def test_jieba_pairs(theirs):
    for posseg in (our_posseg, theirs.posseg):
        one = posseg.pair("研究", "v")
        word, flag = one
        assert (str(one), repr(one), word, flag) == ("研究/v", "pair('研究', 'v')", "研究", "v")
        assert one == posseg.pair("研究", "v") != posseg.pair("研究", "n")
        assert len({one, posseg.pair("研究", "v")}) == 1
        assert one < posseg.pair("龘", "v")
        assert one != "研究/v"
        assert one.encode("utf-8") == "研究/v".encode()
        one.flag = "n"
        assert one.flag == "n"


def test_jieba_posseg_has_what_its_tokenizer_has(theirs, small):
    for module, posseg in ((ours, our_posseg), (theirs, theirs.posseg)):
        tagger = posseg.POSTokenizer(make(module, small))
        tagger.initialize()
        tagger.add_word("网易云", 5, "nz")
        assert pairs(tagger.lcut("网易云的")) == [("网易云", "nz"), ("的", "uj")]
        assert tagger.tokenizer.user_word_tag_tab == {}
        with pytest.raises(NotImplementedError):
            tagger.tokenize("研究")
        with pytest.raises(AttributeError):
            tagger.nothing  # noqa: B018


def test_frequencies_are_a_mapping(small):
    one = make(ours, small)
    assert (len(one.FREQ), list(one.FREQ), one.FREQ.get("研究")) == (0, [], None)
    one.initialize()
    assert one.FREQ["研究"] == 60
    assert one.FREQ["大"] == one.FREQ["中"] == 0
    assert "大" in one.FREQ
    assert "没" not in one.FREQ
    assert 3 not in one.FREQ
    assert one.FREQ.get(None, "no") == "no"
    assert len(one.FREQ) == len(list(one.FREQ)) == len(set(one.FREQ))
    with pytest.raises(KeyError):
        one.FREQ["没"]
    with pytest.raises(TypeError):
        one.FREQ["没"] = 1  # type: ignore[index]
    one.total = 10**6
    assert one.total == 10**6


def test_parallel_mode_changes_nothing(theirs):
    before = ours.lcut("研究生命\n\n起源")
    ours.enable_parallel(2)
    assert list(ours.cut("研究生命\n\n起源")) == before
    ours.disable_parallel()
    with pytest.raises(NotImplementedError, match="paddle"):
        ours.enable_paddle()


def test_words_change_while_other_threads_segment(small):
    one = make(ours, small)
    one.initialize()
    text = "甲乙丙丁" * 6000  # long enough for the GIL to be released
    allowed = [one.lcut(text, HMM=False)]
    one.add_word("甲乙", 10**6)
    allowed.append(one.lcut(text, HMM=False))
    failures = []
    stop = threading.Event()

    def segment():
        while not stop.is_set():
            if one.lcut(text, HMM=False) not in allowed:
                failures.append(1)
            one.lcut("甲乙丙丁")

    threads = [threading.Thread(target=segment) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(60):
        one.add_word(f"无关{turn}", 0)
        one.add_word("甲乙", 10**6 if turn % 2 else 0)
        if turn % 20 == 0:
            one._words.compact()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


SCRIPT = """
import sys
import cws.compat.jieba as jieba
assert jieba.lcut("他来到了网易杭研大厦") == ["他", "来到", "了", "网易", "杭研", "大厦"]
import cws.compat.jieba.posseg as posseg
assert str(posseg.lcut("研究")[0]) == "研究/vn"
assert not {"jieba", "numpy", "pkg_resources", "tempfile"} & set(sys.modules), sorted(sys.modules)
"""


def test_jieba_itself_is_not_imported_and_nothing_is_printed():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_missing_and_foreign_tables_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(tables, "_hmm", None)
    monkeypatch.setattr(tables, "_tag_model", None)
    monkeypatch.setattr("cws.word_list.find_spec", lambda name: None)
    with pytest.raises(FileError, match="pip install jieba"):
        tables.hmm()
    monkeypatch.setattr("cws.word_list.jieba_folder", lambda: tmp_path)
    with pytest.raises(FileError, match="pip install jieba"):
        tables.hmm()
    for package in ("finalseg", "posseg"):
        (tmp_path / package).mkdir()
        for name in ("prob_start", "prob_trans", "prob_emit", "char_state_tab"):
            (tmp_path / package / f"{name}.py").write_text("P = {'Q': {'研究': -1.0}}")
    for read in (tables.hmm, tables.tag_model):
        with pytest.raises(ModelError, match=r"not those of jieba 0\.42"):
            read()
    (tmp_path / "finalseg" / "prob_start.py").write_text("P = 3")
    with pytest.raises(ModelError, match="expected a table called P"):
        tables.hmm()


FILES = sorted(path for path in Path(os.environ.get("CWS_CORPORA") or os.devnull).rglob("*") if path.is_file())


@pytest.mark.corpora
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_jieba_words_of_corpora(theirs, file):
    with (lzma.open if file.suffix == ".xz" else open)(file, "rt", encoding="utf-8") as opened:
        lines = opened.read(1_000_000).splitlines(keepends=True)
    if file.parent.name == "seg":
        lines = [line.replace(" ", "") for line in lines]
    for line in random.Random(1).sample(lines, min(len(lines), 60)):
        same(theirs, line)
