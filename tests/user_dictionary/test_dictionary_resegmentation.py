"""What entries and their weights make of the words of a model: for each kind of model, against the specification."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_words import make, weights, word_spans
from strategies import any_text

from cws.labelers.dictionary import word_trie, write_dictionary
from cws.labelers.hmm import TENSORS, TRIPLES
from cws.model_io import map_tensors
from cws.segmenter import Segmenter
from cws.tags import SBME
from cws.text import SPACE, bmp_types
from cws.training.hmm import train_hmm
from cws.training.hmm_options import HmmOptions
from cws.user_dictionary.reference import DECIDED, FORCED, NEVER, entries_at, is_run_character, resegment

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
    for begin, flat in segmenter.predictor.emissions(text):
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


def sequences_of(segmenter, text):
    """The spans of the sequences of a text of fewer than 1,024 characters, with the ends of the model's words."""
    plain = Segmenter(segmenter.path, units=False)
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
    weights = {word: weight for word, weight in entries.items() if weight != DECIDED}  # which adds nothing
    return score(span, ends) + sum(dict(entries_at(text, begin, weights)).get(end, 0) for begin, end in words)


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
    plain, own = Segmenter(models[kind], units=False).segment(text), make(models[kind], entries).segment(text)
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
    plain = Segmenter("pku", units=False)
    scores = {tuple(words): score for score, words in plain.nbest(text, 1000)}
    margin = scores["网易", "杭研", "大厦"] - max(score for words, score in scores.items() if "杭研大厦" in words)
    assert "杭研大厦" in make("pku", {"杭研大厦": margin + 0.01}).segment(text)
    assert "杭研大厦" not in make("pku", {"杭研大厦": margin - 0.01}).segment(text)
    before = plain.tokens(text)[1]
    after = make("pku", {"杭研": -2.0}).tokens(text)[1]
    assert (before.text, after.text) == ("杭研", "杭研")
    odds = [token.probability / (1 - token.probability) for token in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(2.718281828**-2, rel=1e-6)


def test_a_part_of_a_run_is_no_entry_for_tokens():
    segmenter = Segmenter("ctb")
    plain = segmenter.tokens("买了iPhone15Pro")
    segmenter.add_word("15", "!", "NUM")
    assert segmenter.tokens("买了iPhone15Pro") == plain
