from __future__ import annotations

import math
from collections import defaultdict
from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import all_paths, best_path, log_partition, marginals, path_score
from strategies import any_text, two_segmentations

import cws
from cws import metrics, model_io
from cws._native import LinearPredictor, LinearTrainer, build_table
from cws.errors import InputError, ModelError
from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import ABSENT, EDGE, FIRST_KNOWN, SEPARATOR, classes_of
from cws.labelers.linear import TENSORS, open_linear
from cws.labelers.reference import PAD, NgramTable, linear_emissions, ngram_key
from cws.tags import SBME, SCHEMES, TagScheme
from cws.text import HANZI, SPACE
from cws.training.linear import LinearOptions, best_tags, lexicon_entries, quantise, train_linear, word_f1

TRAINING = """\
他 来到 了 网易 杭研 大厦
我 在 北京 大学 读书
北京 的 天气 真 好
今天 天气 怎么样 ？
他 的 iPhone 手机 是 2024 年 买 的
大家 高高兴兴 地 回家 了
我们 去 看看 大学 的 网络
网易 是 一 家 网络 公司
她 在 杭州 研究 语言
研究 生命 的 起源
大厦 有 ３２ 层 ， 很 高
好好 学习 ， 天天 向上
这 是 Python 3.11 的 手册
我 😀 你 😀😀
古书 里 有 𠀀 字
天天 好 天气
人人 都 来 北京 看看
哈哈哈哈 ， 真 好
公司 在 大厦 的 ３ 层
看 了 手册 再 学习
今天 是 2024 年 1 月 1 日
我们 大家 回家 读书"""
SENTENCES = [line.split(" ") for line in TRAINING.splitlines()]
WORD_LIST = {"北京大学": 3, "网络公司": 2, "天天向上": 1, "研究生": 9, "怎么样": 8, "北京": 20, "手册": None, "好": 50}
OPTIONS = LinearOptions(epochs=4)
# What models do with text of their own language, of others, and of none.
OWN_TEXTS = [
    "今天天气真好，我们去北京大学看网络手册。",
    "他买了 iPhone 15 和 ＭａｃＢｏｏｋ，花了３２０００元！",
    "高高兴兴天天向上哈哈哈哈哈哈",
    "我😀你👨\u200d👩\u200d👧是𠀀\ud800字\0的 é ß\r\n下一行\u3000完",
    "".join(map(chr, range(0x20, 0x180))),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linear") / "small"
    train_linear(SENTENCES, None, [WORD_LIST], folder, options=OPTIONS)
    return folder


@pytest.fixture(scope="module")
def small(folder):
    """A native model, and its tensors for the reference."""
    config = model_io.read_config(folder)
    return open_linear(folder, config), model_io.map_tensors(folder, config, TENSORS)


@lru_cache
def bundled(name):
    segmenter = cws.load(name)
    return segmenter.predictor, model_io.map_tensors(segmenter.path, segmenter.config, TENSORS)


def aligned(tensor: np.ndarray, at: int = 0) -> np.ndarray:
    """A copy that begins `at` bytes after a multiple of 64."""
    room = np.zeros(tensor.nbytes + 128, np.uint8)
    begin = -room.ctypes.data % 64 + at
    room[begin : begin + tensor.nbytes] = np.frombuffer(tensor.tobytes(), np.uint8)
    return room[begin : begin + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)


# Models made of chosen weights: three characters are known, and n-grams of them and of the edge have weights.

KNOWN = "甲乙丙"
CLASSES = {character: FIRST_KNOWN + at for at, character in enumerate(KNOWN)}


def crafted(draw, keys: list[int] | None = None) -> dict[str, np.ndarray]:
    """The tensors of a model; draw(shape) gives integer weights."""
    characters = np.full(0x10000, 1 + HANZI, np.uint16)
    characters[[ord(" "), ord("\n")]] = SEPARATOR
    for character, number in CLASSES.items():
        characters[ord(character)] = number
    if keys is None:
        keys = sorted(ngram_key(gram) for order in (2, 3, 4) for gram in product(CLASSES.values(), repeat=order))
        keys += [ngram_key((EDGE, number)) for number in CLASSES.values()]
        keys += [ngram_key((number, EDGE, EDGE)) for number in CLASSES.values()]
    keys = np.sort(np.array(keys, np.uint64))
    buckets, pilots = build_table(keys, draw((len(keys), 4, 4)).astype(np.int8))
    tensors = {
        "characters": characters,
        "types": np.array([SPACE, *range(8), *[HANZI] * len(KNOWN)], np.uint8),
        "unigrams": draw((FIRST_KNOWN + len(KNOWN), 5, 4)).astype(np.int8),
        "buckets": buckets,
        "pilots": pilots,
        "type_contexts": draw((1 << 15, 4)).astype(np.int16),
        "repetitions": draw((32, 4)).astype(np.int16),
        "transitions": draw((4, 4)).astype(np.int16),
        "start": draw((4,)).astype(np.int16),
        "end": draw((4,)).astype(np.int16),
    }
    return {name: aligned(tensor) for name, tensor in tensors.items()}


def zeros() -> dict[str, np.ndarray]:
    return crafted(lambda shape: np.zeros(shape, int))


@lru_cache(maxsize=64)
def random_model(seed: int, largest: int = 1) -> tuple[LinearPredictor, dict[str, memoryview]]:
    """Weights from -largest to largest; with largest = 1, ties everywhere."""
    random = np.random.default_rng(seed)
    tensors = crafted(lambda shape: random.integers(-largest, largest, shape, endpoint=True))
    return LinearPredictor(tensors, 0.5), views(tensors)


def views(tensors: dict[str, np.ndarray]) -> dict[str, memoryview]:
    return {name: memoryview(tensor.tobytes()) for name, tensor in tensors.items()}


def chain(tensors: dict[str, memoryview]) -> tuple[list[list[int]], list[int], list[int]]:
    """Transitions, start and end scores."""
    flat = tensors["transitions"].cast("h").tolist()
    rows = [flat[4 * tag : 4 * tag + 4] for tag in range(4)]
    return rows, tensors["start"].cast("h").tolist(), tensors["end"].cast("h").tolist()


def native_emissions(native: LinearPredictor, text: str) -> list[tuple[int, list[list[int]]]]:
    return [
        (begin, [flat[at : at + 4] for at in range(0, len(flat), 4)]) for begin, flat in native.emissions(text)
    ]  # fmt: skip


def sequences(tensors: dict[str, memoryview], text: str) -> list[tuple[int, str]]:
    """Begin and text of what stands between white space; for texts without very long ones."""
    separators = [number == SEPARATOR for number in classes_of(tensors["characters"], text)]
    begins = [at for at in range(len(text)) if not separators[at] and (at == 0 or separators[at - 1])]
    ends = [at + 1 for at in range(len(text)) if not separators[at] and (at + 1 == len(text) or separators[at + 1])]
    return [(begin, text[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def words_of(text: str, path: tuple[int, ...]) -> list[str]:
    return [text[start:end] for start, end in SBME.tags_to_spans(path)]


# The core against the specification


@given(text=any_text())
def test_linear_emissions_equal_the_reference(small, text):
    native, tensors = small
    expected = [(begin, linear_emissions(tensors, part)) for begin, part in sequences(tensors, text)]
    assert native_emissions(native, text) == expected


@pytest.mark.parametrize("text", OWN_TEXTS)
@pytest.mark.parametrize("name", cws.models())
def test_linear_emissions_of_bundled_models_equal_the_reference(name, text):
    native, tensors = bundled(name)
    expected = [(begin, linear_emissions(tensors, part)) for begin, part in sequences(tensors, text)]
    assert native_emissions(native, text) == expected


@given(seed=st.integers(0, 50), largest=st.sampled_from([1, 127]), text=st.text(KNOWN + "丁 \n", max_size=60))
def test_linear_emissions_of_any_weights_equal_the_reference(seed, largest, text):
    native, tensors = random_model(seed, largest)
    expected = [(begin, linear_emissions(tensors, part)) for begin, part in sequences(tensors, text)]
    assert native_emissions(native, text) == expected


@pytest.mark.parametrize("length", [1, 2, 3, 16, 17, 1000])
def test_linear_emissions_do_not_depend_on_the_neighbouring_sequences(length):
    native, tensors = random_model(1, 127)
    text = "".join(np.random.default_rng(length).choice([*KNOWN, "丁"], 5000))
    parts = [text[at : at + length] for at in range(0, len(text), length)]
    alone = [native_emissions(native, part)[0][1] for part in parts]
    together = native_emissions(native, " ".join(parts))
    assert [emissions for _, emissions in together] == alone
    assert [begin for begin, _ in together] == [at * (length + 1) for at in range(len(parts))]
    assert alone[0] == linear_emissions(tensors, parts[0])


def test_linear_emissions_of_the_largest_weights_do_not_overflow():
    for sign in (-1, 1):
        tensors = crafted(lambda shape, sign=sign: np.full(shape, 127 * sign))
        tensors["type_contexts"][...] = tensors["repetitions"][...] = 15000 * sign
        tensors["transitions"][...] = tensors["start"][...] = tensors["end"][...] = 32767 * sign
        native, text = LinearPredictor(tensors, 0.5), KNOWN * 300
        assert native_emissions(native, text) == [(0, linear_emissions(views(tensors), text))]
        assert native.segment(text) == [*text]  # all paths score the same


@settings(max_examples=200)
@given(seed=st.integers(0, 50), text=st.text(KNOWN + "丁", min_size=1, max_size=7))
def test_linear_segment_finds_the_best_path_on_ties_too(seed, text):
    native, tensors = random_model(seed)
    ((_, emissions),) = native_emissions(native, text)
    path, _ = best_path(SBME, emissions, *chain(tensors))
    assert native.segment(text) == words_of(text, path)


@given(text=any_text(max_size=7).filter(lambda text: len(text) < 8))
def test_linear_segment_finds_the_best_path_of_a_trained_model(small, text):
    native, tensors = small
    for (_, emissions), (_, part) in zip(native_emissions(native, text), sequences(tensors, text), strict=True):
        path, _ = best_path(SBME, emissions, *chain(tensors))
        assert native.segment(part) == words_of(part, path)


@pytest.mark.parametrize("text", ["今天天气真好", "他来到了网易", "ab12，。", "哈哈哈哈哈哈", "😀𠀀é\ud800a"])
@pytest.mark.parametrize("name", cws.models())
def test_linear_segment_finds_the_best_path_of_bundled_models(name, text):
    native, tensors = bundled(name)
    ((_, emissions),) = native_emissions(native, text)
    path, _ = best_path(SBME, emissions, *chain(tensors))
    assert native.segment(text) == words_of(text, path)


def test_linear_model_of_zeros_cuts_everywhere():
    native = LinearPredictor(zeros(), 0.5)
    assert native.segment(KNOWN * 3) == [*KNOWN * 3]


def test_linear_illegal_transitions_are_never_taken():
    tensors = zeros()
    tensors["transitions"][...] = 30000  # all of them, so that only the mask forbids S M, B S ...
    tensors["start"][...] = [0, -30000, 30000, 30000]
    tensors["end"][...] = [-30000, 30000, 30000, 0]
    native = LinearPredictor(tensors, 0.5)
    path, _ = best_path(SBME, [[0] * 4] * 5, *chain(views(tensors)))
    assert native.segment("甲乙丙甲乙") == words_of("甲乙丙甲乙", path)


# Probabilities and n best


def word_probabilities(emissions, transitions, start, end, scale) -> dict[tuple[int, int], float]:
    """The probability of each span to be a word, by enumeration."""
    whole = log_partition(SBME, *scaled(emissions, transitions, start, end, scale))
    result = defaultdict(float)
    for path in all_paths(SBME, len(emissions)):
        probability = math.exp(scale * path_score(emissions, transitions, path, start, end) - whole)
        for span in SBME.tags_to_spans(path):
            result[span] += probability
    return result


def scaled(emissions, transitions, start, end, scale):
    def rows(matrix):
        return [[scale * score for score in row] for row in matrix]

    return rows(emissions), rows(transitions), [scale * score for score in start], [scale * score for score in end]


@given(seed=st.integers(0, 50), largest=st.sampled_from([1, 20]), text=st.text(KNOWN + "丁", min_size=1, max_size=6))
def test_linear_tokens_have_the_enumerated_probabilities(seed, largest, text):
    native, tensors = random_model(seed, largest)
    ((_, emissions),) = native_emissions(native, text)
    expected = word_probabilities(emissions, *chain(tensors), 0.5)
    tokens = native.tokens(text)
    assert [text[start:end] for start, end, _, _ in tokens] == native.segment(text)
    for start, end, _, probability in tokens:
        assert probability == pytest.approx(expected[start, end], abs=1e-6)


def test_linear_tokens_of_one_character_are_marginals(small):
    native, tensors = small
    ((_, emissions),) = native_emissions(native, "天气的好")
    scale = OPTIONS.scale
    single = [row[0] for row in marginals(SBME, *scaled(emissions, *chain(tensors), scale))]
    tokens = native.tokens("天气的好")
    assert {end - start for start, end, _, _ in tokens} >= {1}
    for start, end, _, probability in tokens:
        if end - start == 1:
            assert probability == pytest.approx(single[start])


def test_linear_tokens_of_extreme_scores_stay_probabilities():
    tensors = zeros()
    tensors["transitions"][...] = np.random.default_rng(0).choice([-32768, 32767], (4, 4))
    native = LinearPredictor(tensors, 0.9)
    assert all(0 <= probability <= 1 for _, _, _, probability in native.tokens(KNOWN * 300))


def enumerated(native, tensors, text) -> list[int]:
    """The scores of all segmentations, best first."""
    per_sequence = [
        [
            path_score(emissions, chain(tensors)[0], path, *chain(tensors)[1:])
            for path in all_paths(SBME, len(emissions))
        ]
        for _, emissions in native_emissions(native, text)
    ]
    return sorted(map(sum, product(*per_sequence)), reverse=True)


@given(
    seed=st.integers(0, 50),
    largest=st.sampled_from([1, 20]),
    text=st.text(KNOWN + " ", max_size=8),
    n=st.sampled_from([1, 2, 3, 7, 300]),
)
def test_linear_nbest_equals_enumeration(seed, largest, text, n):
    native, tensors = random_model(seed, largest)
    best = native.nbest(text, n)
    assert [score for score, _ in best] == [0.5 * score for score in enumerated(native, tensors, text)[:n]]
    assert best[0][1] == native.segment(text)
    assert len({tuple(words) for _, words in best}) == len(best)
    assert all("".join(words) == text for _, words in best)


@given(seed=st.integers(0, 50), text=st.text(KNOWN, min_size=1, max_size=6))
def test_linear_nbest_scores_are_those_of_their_words(seed, text):
    native, tensors = random_model(seed, 20)
    ((_, emissions),) = native_emissions(native, text)
    transitions, start, end = chain(tensors)
    for score, words in native.nbest(text, 10):
        assert score == 0.5 * path_score(emissions, transitions, tuple(SBME.words_to_tags(words)), start, end)


def test_linear_nbest_gives_fewer_where_there_are_fewer():
    native, _ = random_model(3)
    assert [len(native.nbest(text, 100)) for text in ("", "  ", "甲", "甲乙", "甲乙丙", "甲乙 甲")] == [
        1,
        1,
        1,
        2,
        4,
        2,
    ]


def test_linear_nbest_of_many_sequences_is_not_quadratic():
    native, _ = random_model(3)
    text = "甲乙丙\n" * 50_000
    best = native.nbest(text, 5)
    assert len(best) == 5
    assert all("".join(words) == text for _, words in best)


# The table of n-grams

grams = st.lists(st.integers(0, 20) | st.integers(0, 0xFFFE), min_size=2, max_size=4)


@given(st.lists(grams, max_size=60).map(lambda grams: sorted({ngram_key(gram) for gram in grams})), st.integers(0))
def test_linear_table_holds_every_key_and_no_other(keys, seed):
    weights = np.random.default_rng(seed).integers(-128, 128, (len(keys), 4, 4)).astype(np.int8)
    buckets, pilots = build_table(np.array(keys, np.uint64), weights)
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    prefixes = {key | ABSENT << 48 for key in keys if key >> 48 != ABSENT}
    for key, row in zip(keys, weights, strict=True):
        assert table.find(key) == (row.ravel().tolist(), key in prefixes)
    for prefix in prefixes - {*keys}:
        assert table.find(prefix) == ([0] * 16, True)
    for key in {key + 1 for key in keys} - {*keys} - prefixes:
        assert table.find(key) is None


def test_linear_table_of_many_keys_is_nearly_full():
    keys = np.unique(np.random.default_rng(0).integers(0, 2**63, 20_000, np.uint64) | np.uint64(ABSENT << 48))
    buckets, pilots = build_table(keys, np.ones((len(keys), 4, 4), np.int8))
    assert len(keys) / (3 * len(buckets)) > 0.85
    table = NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes()))
    assert all(table.find(int(key)) == ([1] * 16, False) for key in keys[::20])


def test_linear_table_can_be_empty():
    buckets, pilots = build_table(np.empty(0, np.uint64), np.empty((0, 4, 4), np.int8))
    assert (buckets.shape, pilots.shape) == ((1, 64), (1,))
    assert NgramTable(memoryview(buckets.tobytes()), memoryview(pilots.tobytes())).find(5) is None


@pytest.mark.parametrize("keys", [[2, 1], [1, 1], [1, 2, 2], [2**63, 1]])
def test_linear_table_refuses_keys_that_do_not_ascend(keys):
    with pytest.raises(ValueError, match="n-gram keys must ascend"):
        build_table(np.array(keys, np.uint64), np.zeros((len(keys), 4, 4), np.int8))


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4, 4), (2, 4), (0,)])
def test_linear_table_refuses_weights_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"weights must have shape \(keys, 4, 4\)"):
        build_table(np.array([1, 2], np.uint64), np.zeros(shape, np.int8))


def key_of_hash(fingerprint: int, place: int) -> int:
    """The key with this hash; hashing only multiplies and shifts, so it can be undone."""
    key = (fingerprint << 32 | place) * pow(0xD6E8FEB86659FD93, -1, 2**64) % 2**64
    return (key ^ key >> 32) * pow(0x9E3779B97F4A7C15, -1, 2**64) % 2**64


def test_linear_table_refuses_keys_it_cannot_tell_apart():
    # Fingerprint 0 is taken for 1, because it marks free entries.
    keys = np.array(sorted(key_of_hash(fingerprint, 12345) for fingerprint in (0, 1)), np.uint64)
    with pytest.raises(RuntimeError, match="two n-grams share a fingerprint"):
        build_table(keys, np.zeros((2, 4, 4), np.int8))


def test_linear_core_reads_no_further_than_a_bucket_that_repeats_itself():
    # No table is built like this, but a hostile file can be.
    key = ngram_key((CLASSES["甲"], CLASSES["乙"]))
    buckets, pilots = build_table(np.array([key], np.uint64), np.zeros((1, 4, 4), np.int8))
    fingerprint = buckets[0, :4].tobytes()
    buckets[0, :12] = np.frombuffer(fingerprint * 3, np.uint8)
    after = np.full((1, 64), 77, np.uint8)
    tensors = zeros() | {"buckets": aligned(np.concatenate([buckets, after]))[:1], "pilots": aligned(pilots)}
    native = LinearPredictor(tensors, 0.5)
    assert native_emissions(native, "甲乙") == [(0, linear_emissions(views(tensors), "甲乙"))]


# What the core refuses


def changed(name: str, change) -> dict[str, np.ndarray]:
    tensors = zeros()
    tensors[name] = aligned(change(tensors[name]))
    return tensors


def put(value: int):
    def change(tensor: np.ndarray) -> np.ndarray:
        tensor.flat[-1] = value
        return tensor

    return change


@pytest.mark.parametrize(
    "name", ["characters", "unigrams", "type_contexts", "repetitions", "transitions", "start", "end"]
)
@pytest.mark.parametrize("change", [lambda tensor: tensor[:-1], lambda tensor: np.concatenate([tensor, tensor[:1]])])
def test_linear_core_refuses_tensors_of_another_size(name, change):
    with pytest.raises(ValueError, match=f"{name}: expected [0-9]+ bytes, got [0-9]+"):
        LinearPredictor(changed(name, change), 0.5)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("characters", put(FIRST_KNOWN + 3), "characters: a class out of range"),
        ("characters", put(0xFFFF), "characters: a class out of range"),
        ("types", put(8), "types: expected 0 to 7"),
        ("types", put(255), "types: expected 0 to 7"),
        ("buckets", lambda tensor: tensor[:1, :63], "buckets and pilots must not be empty"),
        ("pilots", lambda tensor: tensor[:0], "buckets and pilots must not be empty"),
        ("type_contexts", put(15001), "type_contexts and repetitions: expected scores from -15000 to 15000"),
        ("type_contexts", put(-32768), "expected scores from -15000 to 15000"),
        ("repetitions", put(-15001), "expected scores from -15000 to 15000"),
    ],
)
def test_linear_core_refuses_values_out_of_range(name, change, message):
    with pytest.raises(ValueError, match=message):
        LinearPredictor(changed(name, change), 0.5)


@pytest.mark.parametrize("count", [0, 8, 65535])
def test_linear_core_refuses_too_few_or_too_many_classes(count):
    tensors = zeros()
    tensors["characters"][...] = 0
    tensors["types"] = np.zeros(count, np.uint8)
    tensors["unigrams"] = np.zeros((count, 5, 4), np.int8)
    with pytest.raises(ValueError, match=f"types: expected 9 to 65534 classes, got {count}"):
        LinearPredictor(tensors, 0.5)


@pytest.mark.parametrize(("name", "alignment"), [("buckets", 64), ("characters", 2), ("transitions", 2)])
def test_linear_core_refuses_misaligned_tensors(name, alignment):
    tensors = zeros()
    tensors[name] = aligned(tensors[name], at=alignment // 2)
    with pytest.raises(ValueError, match=f"{name} must lie at a multiple of {alignment} bytes"):
        LinearPredictor(tensors, 0.5)


@pytest.mark.parametrize("step", [2, -1])
def test_linear_core_refuses_tensors_with_gaps(step):
    tensors = zeros()
    size = len(tensors["characters"])
    tensors["characters"] = np.zeros(2 * size, np.uint16)[::step][:size]
    with pytest.raises(ValueError, match="characters must be contiguous"):
        LinearPredictor(tensors, 0.5)


def test_linear_core_refuses_missing_tensors():
    with pytest.raises(KeyError, match="start"):
        LinearPredictor({name: tensor for name, tensor in zeros().items() if name != "start"}, 0.5)


@pytest.mark.parametrize("scale", [None, 0, 1, 0.0, 1.0, -0.5, math.nan, math.inf, True, "0.5", [0.5]])
def test_linear_open_refuses_a_senseless_scale(folder, scale):
    config = model_io.read_config(folder) | {"scale": scale}
    with pytest.raises(ModelError, match="expected a scale between 0 and 1 in cws.json, got "):
        open_linear(folder, config)


def test_linear_open_says_that_the_file_is_damaged(tmp_path):
    tensors = changed("types", put(8))
    model_io.write_model(tmp_path, {"kind": "linear", "scale": 0.5}, tensors, aligned="buckets")
    with pytest.raises(ModelError, match="types: expected 0 to 7: the file is damaged, train or install"):
        open_linear(tmp_path, model_io.read_config(tmp_path))


def test_linear_open_refuses_a_file_without_alignment(tmp_path):
    model_io.write_model(tmp_path, {"kind": "linear", "scale": 0.5}, zeros(), aligned="buckets")
    path = tmp_path / "weights.safetensors"
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    path.write_bytes((size + 1).to_bytes(8, "little") + whole[8 : 8 + size] + b" " + whole[8 + size :])
    with pytest.raises(ModelError, match="must lie at a multiple of .* bytes: the file is damaged"):
        open_linear(tmp_path, model_io.read_config(tmp_path))


# The trainer


class ReferenceTrainer:
    """Trains on one sentence of different characters, by enumeration, with the formulas of linear_trainer.h."""

    def __init__(self, text: str, tags: bytes, scheme: TagScheme, learning_rate: float, margin: float) -> None:
        self.text, self.tags, self.scheme, self.learning_rate, self.margin = text, tags, scheme, learning_rate, margin
        self.weights, self.squares = defaultdict(float), defaultdict(float)

    def features(self, i: int) -> list[object]:
        """What scores the tags of a character, in the order of updates; None stands for an edge."""
        padded = [None] * 3 + [*self.text] + [None] * 3
        here = i + 3
        result = [("unigram", padded[here + at], 2 - at) for at in range(-2, 3)]
        for order, first in ((2, -1), (3, -1), (4, 0)):
            for begin in range(-1, len(self.text)):
                position = i - begin - first
                gram = (*padded[begin + 3 : begin + 3 + order], None)[:order]
                # 4-grams belong to lexicons, and trigrams must be seen twice.
                if 0 <= position < 4 and order == 2:
                    result.append(("bigram", gram, position))
        result.append(("context", tuple(character is None for character in padded[here - 2 : here + 3])))
        result.append(("repetition",))
        return result

    def epoch(self) -> float:
        """Return the loss before the update, as run_epoch does."""
        n, scheme, every_tag = len(self.text), self.scheme, range(self.scheme.size)
        emissions = [
            [
                sum(self.weights[feature, tag] for feature in self.features(i)) + self.margin * (tag != self.tags[i])
                for tag in every_tag
            ]
            for i in range(n)
        ]
        transitions = [[self.weights["transition", a, b] for b in every_tag] for a in every_tag]
        start, end = ([self.weights[kind, tag] for tag in every_tag] for kind in ("start", "end"))
        whole = log_partition(scheme, emissions, transitions, start, end)
        gradients = defaultdict(list)  # one for each time that a weight is used; those of the chain are summed
        found = marginals(scheme, emissions, transitions, start, end)
        for i, tag in product(range(n), every_tag):
            gradient = (self.tags[i] == tag) - found[i][tag]
            for feature in self.features(i):
                gradients[feature, tag].append(gradient)
            if i == 0:
                gradients["start", tag] = [gradient]
            if i == n - 1:
                gradients["end", tag] = [gradient]
        pairs = defaultdict(float)
        for path in all_paths(scheme, n):
            probability = math.exp(path_score(emissions, transitions, path, start, end) - whole)
            for i in range(1, n):
                pairs[path[i - 1], path[i]] -= probability
        for i in range(1, n):
            pairs[self.tags[i - 1], self.tags[i]] += 1
        for (a, b), gradient in pairs.items():
            gradients["transition", a, b] = [gradient]
        gold = path_score(emissions, transitions, tuple(self.tags), start, end)
        for weight, values in gradients.items():
            for gradient in values:
                self.squares[weight] += gradient**2
                self.weights[weight] += self.learning_rate * gradient / math.sqrt(self.squares[weight] + 1e-6)
        return (whole - gold) / n


NO_LEXICON = np.empty(0, np.uint64), np.empty(0, np.uint16)
EVERY_SCHEME = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


def legality(scheme: TagScheme) -> np.ndarray:
    return np.array([*scheme.transitions_allowed, scheme.start_allowed, scheme.end_allowed])


def make_trainer(
    sentences, lexicon=NO_LEXICON, learning_rate=0.1, margin=1.5, min_trigram_count=2, seed=1, scheme=SBME
):
    alphabet = Alphabet.of(["".join(words) for words in sentences])
    corpus, allowed = alphabet.encode_corpus(sentences, scheme), legality(scheme)
    trainer = LinearTrainer(
        *corpus, alphabet.types, allowed, *lexicon, learning_rate, margin, min_trigram_count, 2, seed
    )
    return trainer, alphabet


@EVERY_SCHEME
@pytest.mark.parametrize("words", [["甲乙", "丙", "丁戊己"], ["甲"], ["甲乙丙丁戊"], ["甲", "乙"]], ids=len)
def test_linear_trainer_equals_the_reference(words, scheme):
    text, tags = "".join(words), scheme.words_to_tags(words)
    trainer, alphabet = make_trainer([words], scheme=scheme)
    reference = ReferenceTrainer(text, tags, scheme, learning_rate=0.1, margin=1.5)
    for _ in range(6):
        # Summing up in single precision loses some digits.
        assert trainer.run_epoch() == pytest.approx(reference.epoch(), rel=1e-4, abs=1e-5)
    weights, every_tag = trainer.weights(), range(scheme.size)
    for at, character in enumerate(text):
        row = weights["unigrams"][int(alphabet.encode(character)[0])]
        expected = [[reference.weights[("unigram", character, place), tag] for tag in every_tag] for place in range(5)]
        assert row == pytest.approx(np.array(expected), abs=1e-3), at
    for tag in every_tag:
        assert weights["start"][tag] == pytest.approx(reference.weights["start", tag], abs=1e-3)
        assert weights["end"][tag] == pytest.approx(reference.weights["end", tag], abs=1e-3)
        for to in every_tag:
            expected = reference.weights["transition", tag, to]
            assert weights["transitions"][tag][to] == pytest.approx(expected, abs=1e-3)


@EVERY_SCHEME
def test_linear_trainer_loss_begins_at_the_number_of_segmentations(scheme):
    trainer, _ = make_trainer([["甲乙", "丙"]], margin=0.0, scheme=scheme)
    assert trainer.run_epoch() == pytest.approx(math.log(4) / 3)  # three characters are cut in four ways


@EVERY_SCHEME
def test_linear_trainer_gives_illegal_steps_no_weight(scheme):
    trainer, _ = make_trainer(SENTENCES, scheme=scheme)
    for _ in range(3):
        trainer.run_epoch()
    transitions, start, end = trainer.chain()
    assert not transitions[~np.array(scheme.transitions_allowed)].any() and transitions.any()
    assert not start[~np.array(scheme.start_allowed)].any()
    assert not end[~np.array(scheme.end_allowed)].any() and end.any()
    for name, own in zip(("transitions", "start", "end"), (transitions, start, end), strict=True):
        assert (trainer.weights()[name] == own).all()


@EVERY_SCHEME
def test_linear_trainer_emissions_are_sums_of_its_weights(scheme):
    lexicon = np.array([ngram_key([FIRST_KNOWN, FIRST_KNOWN + 1])], np.uint64), np.array([1], np.uint16)
    trainer, alphabet = make_trainer(SENTENCES, lexicon, scheme=scheme)
    for _ in range(3):
        trainer.run_epoch()
    weights = trainer.weights()
    row_of = {int(key): at for at, key in enumerate(weights["keys"])}
    for text in ("今天天气真好", "丁", "".join(SENTENCES[5])):
        codes = [EDGE] * PAD + alphabet.encode(text).tolist() + [EDGE] * (PAD + 1)
        # [position in the padded text][tag], so that what n-grams say of edges has a place too
        expected = np.zeros((len(codes) + 4, scheme.size))
        for at, code in enumerate(codes):
            expected[max(at - 2, 0) : at + 3] += weights["unigrams"][code][max(2 - at, 0) :]
        for at in range(PAD - 1, PAD + len(text)):
            for order, first in ((2, -1), (3, -1), (4, 0)):
                if (row := row_of.get(ngram_key(codes[at : at + order]))) is not None:
                    expected[at + first : at + first + 4] += weights["ngrams"][row]
        for at in range(PAD, PAD + len(text)):
            context, here = codes[at - 2 : at + 3], codes[at]
            types = sum(int(alphabet.types[code]) << 3 * (4 - i) for i, code in enumerate(context))
            pairs = ((here, context[1]), (here, context[3]), (context[1], context[3]), (here, context[0]))
            same = sum((a == b) << i for i, (a, b) in enumerate((*pairs, (here, context[4]))))
            expected[at] += weights["type_contexts"][types] + weights["repetitions"][same]
        found = trainer.emissions(alphabet.encode(text), np.array([len(text)]))
        assert found == pytest.approx(expected[PAD : PAD + len(text)], abs=1e-5)


@EVERY_SCHEME
def test_linear_trainer_learns_its_sentences_with_legal_tags(scheme):
    trainer, alphabet = make_trainer(SENTENCES, scheme=scheme)
    codes, gold, lengths = alphabet.encode_corpus(SENTENCES, scheme)
    for _ in range(8):
        trainer.run_epoch()
        tags = best_tags(trainer, codes, lengths, scheme)
        assert all(scheme.is_legal(part) for part in np.split(tags, np.cumsum(lengths)[:-1]))
    assert word_f1(gold, tags, scheme) > 0.97


@EVERY_SCHEME
@given(sentences=st.lists(two_segmentations(), min_size=1, max_size=4))
def test_linear_word_f1_is_that_of_the_scorer(scheme, sentences):
    gold, predicted = zip(*sentences, strict=True)
    assume(any(gold))
    tags = [np.frombuffer(b"".join(map(scheme.words_to_tags, side)), np.uint8) for side in (gold, predicted)]
    assert word_f1(*tags, scheme) == metrics.score(gold, predicted).f1


def test_linear_trainer_loss_falls():
    trainer, _ = make_trainer(SENTENCES)
    losses = [trainer.run_epoch() for _ in range(8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.1 * losses[0]


def test_linear_trainer_learns_a_rule_perfectly():
    # 甲乙 is a word and 乙甲 is not, and nothing else makes words.
    random = np.random.default_rng(5)
    sentences = [
        [["甲乙", "甲", "乙乙乙", "丙"][at] for at in random.integers(0, 4, 12)] + ["丁"] for _ in range(300)
    ]  # fmt: skip
    train, unseen = sentences[:250], sentences[250:]
    unambiguous = [[word for word in words if word not in ("甲", "乙乙乙")] for words in unseen]
    trainer, alphabet = make_trainer(train)
    for _ in range(5):
        trainer.run_epoch()
    codes, tags, lengths = alphabet.encode_corpus(unambiguous)
    assert word_f1(tags, best_tags(trainer, codes, lengths)) == 1


def test_linear_training_learns_its_sentences(folder):
    segmenter = cws.load(folder)
    wrong = [words for words in SENTENCES if segmenter.segment("".join(words)) != words]
    assert len(wrong) <= 3


def test_linear_training_with_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    train_linear(SENTENCES, None, [WORD_LIST], tmp_path, options=OPTIONS)
    for name in ("cws.json", "weights.safetensors"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_linear_training_with_another_seed_gives_another_model(folder, tmp_path):
    train_linear(SENTENCES, None, [WORD_LIST], tmp_path, options=LinearOptions(epochs=4, seed=2))
    name = "weights.safetensors"
    assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_linear_training_writes_what_it_was(tmp_path):
    lines: list[str] = []
    counts = train_linear(
        SENTENCES[:18], SENTENCES[18:], [], tmp_path, options=OPTIONS, description={"name": "试"}, log_line=lines.append
    )
    config = model_io.read_config(tmp_path)
    assert (config["kind"], config["scheme"], config["scale"], config["name"]) == ("linear", "SBME", 1 / 16, "试")
    assert config["training"]["sentences"] == 18
    assert config["dev"]["gold_words"] == counts.gold_words == sum(map(len, SENTENCES[18:]))
    assert lines[0] == "18 sentences to train on, 4 to choose on, 0 words in the lexicon"
    assert lines[-1].startswith("dev F1 ")


@pytest.mark.parametrize(
    "sentences", [[["😀", "𠀀𠀁"]] * 2, [["\0", "\t"]] * 2, [["\ud800"]] * 2, [["a", "1", " "]] * 2]
)
def test_linear_training_takes_any_characters(tmp_path, sentences):
    train_linear(sentences, None, [], tmp_path, options=OPTIONS)
    text = "".join(sentences[0])
    assert "".join(cws.load(tmp_path).segment(text)) == text


@pytest.mark.parametrize(
    "word_list",
    [{}, {"好": 1}, {"一二三四五": 2}, {"a b": 1, "天\u3000气": 2}, {"\ud800好": 1}, {"天气": 0}, {"天气": -1}],
)
def test_linear_training_takes_any_word_list(tmp_path, word_list):
    train_linear(SENTENCES[:6], None, [word_list], tmp_path, options=LinearOptions(epochs=1))
    assert cws.load(tmp_path).segment("天气")


def test_linear_lexicon_classes_tell_lists_and_frequent_words_apart():
    alphabet = Alphabet.of(["甲乙丙丁戊"])
    lists = [
        {"甲乙": 9, "丙丁": 1, "乙丙": None, "甲": 99, "戊甲": 2},
        {"甲乙": None, "甲乙丙丁": None, "甲乙丙丁戊": 5},
    ]
    keys, classes = lexicon_entries(alphabet, lists, 0.4)
    found = dict(zip(keys.tolist(), classes.tolist(), strict=True))

    def class_of(word: str) -> int:
        return found[ngram_key(alphabet.encode(word).tolist())]

    assert len(found) == 5  # not 甲 nor 甲乙丙丁戊
    assert class_of("丙丁") == class_of("乙丙")  # rare, or without a count
    assert len({class_of("甲乙"), class_of("丙丁"), class_of("甲乙丙丁")}) == 3
    assert min(found.values()) >= 1


def test_linear_quantise_keeps_the_ngrams_of_the_lexicon():
    sentences = [*SENTENCES, *SENTENCES]
    alphabet = Alphabet.of(["".join(words) for words in sentences])
    lexicon = lexicon_entries(alphabet, [WORD_LIST], 0.4)
    trainer, _ = make_trainer(sentences, lexicon)
    for _ in range(3):
        trainer.run_epoch()
    weights = trainer.weights()
    tensors = quantise(alphabet, weights, 1 / 16, limit=127)
    table = NgramTable(memoryview(tensors["buckets"].tobytes()), memoryview(tensors["pilots"].tobytes()))
    for key, in_lexicon, row in zip(weights["keys"], weights["in_lexicon"], weights["ngrams"], strict=True):
        if in_lexicon and np.rint(row * 16).any():
            assert table.find(int(key))[0] == np.rint(row * 16).ravel().tolist()
        elif not in_lexicon:
            assert table.find(int(key)) in (None, ([0] * 16, True))  # gone, or the beginning of a longer one
    assert {int(key) for key in weights["keys"][weights["in_lexicon"] > 0]} == {*map(int, lexicon[0])}


def test_linear_quantise_clips_what_is_too_large():
    alphabet = Alphabet.of(["甲"])
    trainer, _ = make_trainer([["甲"]])
    weights = {
        name: tensor + np.float32(1e9) for name, tensor in trainer.weights().items() if tensor.dtype != np.uint64
    }
    weights |= {"keys": trainer.weights()["keys"], "in_lexicon": trainer.weights()["in_lexicon"]}
    tensors = quantise(alphabet, weights, 1 / 16, 0)
    assert {*tensors["unigrams"].flat} == {127}
    assert {*tensors["type_contexts"].flat} == {*tensors["transitions"].flat} == {10_000}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sentences": []}, "no training sentences: give one or more"),
        ({"sentences": [["好"]]}, "cannot split 1 sentences in two: give two or more"),
        ({"sentences": [["好"], []]}, "a training sentence without words: leave it out"),
        ({"sentences": [["好"], [""]]}, "cannot tag an empty word"),
        ({"dev": []}, "no dev sentences: give one or more, or None"),
        ({"dev": [[]]}, "a dev sentence without words: leave it out"),
        ({"description": {"version": 3, "kind": "x"}}, "the description of a model must not have kind, version"),
        (
            {"options": LinearOptions(learning_rate=1e30)},
            "the loss of epoch [0-9]+ is (nan|inf|-inf): train with a learning rate below",
        ),
    ],
)
def test_linear_training_refuses_what_is_wrong(tmp_path, arguments, message):
    defaults = {"sentences": SENTENCES, "dev": None, "word_lists": [], "folder": tmp_path / "model"}
    with pytest.raises(InputError, match=message):
        train_linear(**defaults | arguments)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0), ("patience", 0), ("learning_rate", 0.0), ("learning_rate", -1.0),
        ("learning_rate", math.nan), ("learning_rate", math.inf),
        ("margin", -1.0), ("min_trigram_count", 0), ("min_fourgram_count", -1), ("scale", 0.0), ("scale", 1.0),
        ("scale", math.nan), ("frequent", 1.0), ("frequent", -0.1), ("seed", -1), ("seed", 2**64),
    ],
)  # fmt: skip
def test_linear_options_refuse_what_is_senseless(name, value):
    with pytest.raises(InputError, match=f"{name} of a linear model cannot be {value}: see LinearOptions"):
        LinearOptions(**{name: value})


def arrays(codes=(9, 9), tags=(0, 0), lengths=(2,), types=(0,) * 10, keys=(), classes=()) -> list[np.ndarray]:
    values = (codes, tags, lengths, types, keys, classes)
    dtypes = (np.uint16, np.uint8, np.int64, np.uint8, np.uint64, np.uint16)
    arrays = [np.array(value, dtype) for value, dtype in zip(values, dtypes, strict=True)]
    return [*arrays[:4], legality(SBME), *arrays[4:]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lengths": [0, 2]}, "lengths must be positive and sum to the number of codes and of tags"),
        ({"lengths": [-1]}, "lengths must be positive"),
        ({"lengths": [3]}, "lengths must be positive and sum to"),
        ({"lengths": [1, 2**63 - 1]}, "lengths must be positive and sum to"),
        ({"lengths": [1]}, "lengths must sum to the number of codes and of tags, and there must be some"),
        ({"lengths": [], "codes": [], "tags": []}, "and there must be some"),
        ({"tags": [0]}, "lengths must be positive and sum to"),
        ({"tags": [0, 0, 0]}, "lengths must sum to"),
        ({"codes": [9, 10]}, "a code or tag out of range"),
        ({"tags": [0, 4]}, "a code or tag out of range"),
        ({"types": [0] * 9 + [8]}, "types: expected 0 to 7"),
        ({"types": []}, "a code or tag out of range"),
        ({"keys": [1]}, "a class for each lexicon key"),
        ({"keys": [1], "classes": [65535]}, "too many lexicon classes"),
    ],
)
def test_linear_trainer_refuses_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        LinearTrainer(*arrays(**given), 0.1, 1.5, 2, 2, 1)


@pytest.mark.parametrize("counts", [(0, 2), (2, 0), (-1, 2)])
def test_linear_trainer_refuses_counts_below_one(counts):
    with pytest.raises(ValueError, match="least counts must be 1 or more"):
        LinearTrainer(*arrays(), 0.1, 1.5, *counts, 1)


def test_linear_trainer_emissions_refuse_what_is_wrong():
    trainer = LinearTrainer(*arrays(), 0.1, 1.5, 2, 2, 1)
    with pytest.raises(ValueError, match="a code or tag out of range"):
        trainer.emissions(np.array([9, 10], np.uint16), np.array([2]))
    with pytest.raises(ValueError, match="lengths must sum to"):
        trainer.emissions(np.array([9, 9], np.uint16), np.array([1]))


@pytest.mark.parametrize("size", [0, 1, 3, 5, 8])
def test_linear_trainer_refuses_other_numbers_of_tags(size):
    given = arrays()
    given[1][:], given[4] = 0, np.ones((size + 2, size), bool)
    with pytest.raises(ValueError, match=f"2, 4 or 6 tags, got {size}" if size else "a code or tag out of range"):
        LinearTrainer(*given, 0.1, 1.5, 2, 2, 1)


@pytest.mark.parametrize("shape", [(4, 4), (24,), (6, 4, 1)])
def test_linear_trainer_refuses_a_legality_of_another_shape(shape):
    given = arrays()
    given[4] = np.ones(shape, bool)
    with pytest.raises(ValueError, match="allowed: expected a row for each tag, one for the first and"):
        LinearTrainer(*given, 0.1, 1.5, 2, 2, 1)


def test_linear_alphabet_gives_classes_by_frequency_and_folds():
    alphabet = Alphabet.of(["气天天ＡＢ１ ", "\ud800𠀀"])
    # letters and digits are seen as one each: 天 a 0 气, of two, two, one, one
    encoded = alphabet.encode("天aZ９气").tolist()
    assert sorted(set(encoded)) == list(range(FIRST_KNOWN, FIRST_KNOWN + 4))
    assert encoded[1] == encoded[2]
    assert alphabet.encode(" \t\n\u3000").tolist() == [SEPARATOR] * 4
    assert alphabet.encode("𠀀😀").tolist() == classes_of(memoryview(alphabet.characters.tobytes()), "𠀀😀")
    assert len(alphabet.types) == FIRST_KNOWN + 5  # with the surrogate
    assert PAD == 2
