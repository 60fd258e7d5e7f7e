"""The segmenter's own decoder against `cws.decode` on the chain of the bundled model."""

from __future__ import annotations

import numpy as np
import pytest
from chains import on
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

import cws
from cws import model_io
from cws.decode import LinearChain
from cws.labelers.linear import TENSORS
from cws.tags import SBME

SENTENCES = [
    "他来到了网易杭研大厦，说今天晚上不走了。",
    "研究生命的起源比研究生的生活更有意思！",
    "南京市长江大桥昨天下午三点半重新通车",
    "这辆车的把手坏了，请把手拿开。",
    "老师说衣服上除了校徽别别别的",
    "我在2024年买了iPhone 15和ＭａｃＢｏｏｋ，花了３２０００元。",
    "好",
    "哈哈哈哈哈哈哈哈哈哈",
    "😀𠀀\ud800字\0的 é ß\r\n下一行\u3000完",
]


class BundledChain:
    """The chain of the bundled model, of whole numbers."""

    def __init__(self) -> None:
        self.segmenter = cws.load(units=False)  # which constrain the chain
        tensors = model_io.map_tensors(self.segmenter.path, self.segmenter.config, TENSORS)
        self.scores = [
            np.float32(tensors[name].cast("h").tolist()).reshape(shape)
            for name, shape in (("transitions", (4, 4)), ("start", 4), ("end", 4))
        ]
        self.scale = np.float32(self.segmenter.config["scale"])

    def chain(self, text: str, scale: float = 1) -> tuple[list[int], LinearChain]:
        """Return where the sequences of a text begin, and their chain."""
        parts = self.segmenter.predictor.emissions(text)
        begins = [begin for begin, _ in parts]
        emissions = np.float32([score for _, flat in parts for score in flat]).reshape(-1, 4)
        offsets = np.cumsum([0, *(len(flat) // 4 for _, flat in parts)], dtype=np.int64)
        scores = (part * np.float32(scale) for part in (emissions, *self.scores))
        emissions, transitions, start, end = scores
        return begins, LinearChain(emissions, offsets, transitions, start, end, legality=SBME)

    def spans(self, text: str, backend: str) -> list[tuple[int, int]]:
        """Return the words of the sequences by cws.decode."""
        begins, chain = self.chain(text)
        tags = on(chain, backend).viterbi().tags
        return [
            (begin + start, begin + end)
            for at, begin in enumerate(begins)
            for start, end in SBME.tags_to_spans(tags[slice(*chain.offsets[at : at + 2])].tolist())
        ]


@pytest.fixture(scope="module")
def linear():
    return BundledChain()


def compare_words(linear, text, backend):
    spans = linear.spans(text, backend)
    found = [(token.start, token.end) for token in linear.segmenter.tokens(text)]
    inside = set(spans)
    covered = {at for start, end in spans for at in range(start, end)}
    assert [span for span in found if span in inside] == spans
    assert all(not covered & {*range(*span)} for span in found if span not in inside)  # white space
    assert [text[start:end] for start, end in found] == linear.segmenter.segment(text)


@pytest.mark.parametrize("text", [*SENTENCES, "".join(SENTENCES) * 20])
def test_decode_segmenter_words_equal_viterbi(linear, cpu_backend, text):
    compare_words(linear, text, cpu_backend)


@given(text=any_text())
@settings(max_examples=60)
def test_decode_segmenter_words_of_any_text_equal_viterbi(linear, text):
    compare_words(linear, text, "native")


def compare_probabilities(linear, text, backend):
    begins, chain = linear.chain(text, linear.scale)
    sums = on(chain, backend).marginals(pairwise=True)
    expected = {}
    for at, begin in enumerate(begins):
        shift = chain.offsets[at] - begin  # from characters of the text to rows
        for start, end in SBME.tags_to_spans(
            on(chain, backend).viterbi().tags[slice(*chain.offsets[at : at + 2])].tolist()
        ):
            spelled = SBME.words_to_tags(["字" * (end - start)])
            row = begin + start + shift
            probability = float(sums.tags[row, spelled[0]])
            for i in range(1, end - start):  # a chain: p(tag | the one before)
                before, here = spelled[i - 1], spelled[i]
                probability *= float(sums.transitions[row + i, before, here]) / float(sums.tags[row + i - 1, before])
            expected[begin + start, begin + end] = probability
    for token in linear.segmenter.tokens(text):
        assert token.probability == pytest.approx(expected.get((token.start, token.end), 1), abs=1e-5), token


@pytest.mark.parametrize("text", SENTENCES)
def test_decode_segmenter_probabilities_equal_marginals(linear, cpu_backend, text):
    compare_probabilities(linear, text, cpu_backend)


@given(text=any_text())
@settings(max_examples=40)
def test_decode_segmenter_probabilities_of_any_text_equal_marginals(linear, text):
    compare_probabilities(linear, text, "native")


def compare_nbest(linear, text, n, backend):
    begins, chain = linear.chain(text)
    if begins != [0] or chain.offsets[1] != len(text):
        return  # with white space, sequences are combined
    expected = on(chain, backend).nbest(n)
    found = linear.segmenter.nbest(text, n)
    ranks = int(np.isfinite(expected.scores[:, 0]).sum())
    assert len(found) == ranks
    assert [score for score, _ in found] == pytest.approx((expected.scores[:ranks, 0] * linear.scale).tolist())
    spans = [SBME.tags_to_spans(row.tolist()) for row in expected.tags[:ranks]]
    assert [words for _, words in found] == [[text[start:end] for start, end in one] for one in spans]


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("n", [1, 10])
def test_decode_segmenter_nbest_equal_ours(linear, cpu_backend, text, n):
    compare_nbest(linear, text, n, cpu_backend)


@given(text=any_text(max_size=6), n=st.integers(1, 40))
@settings(max_examples=60)
def test_decode_segmenter_nbest_of_any_text_equal_ours(linear, text, n):
    compare_nbest(linear, text, n, "native")
