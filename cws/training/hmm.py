"""Training of hidden Markov models: the counts of a segmented corpus.

The steps of `train_hmm`: number the characters, count what stands beside what, turn the counts into log-probabilities,
store them as 16-bit steps. Re-estimation of a model of order 1 on raw text is in baum_welch.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws.corpus import check_sentences
from cws.errors import InputError, ModelError
from cws.labelers.alphabet import Alphabet, Words
from cws.labelers.character_classes import EDGE, FIRST_KNOWN, UNKNOWN
from cws.labelers.hmm import legal_pairs, legal_triples
from cws.tags import SBME, TagScheme
from cws.text import TYPE_NAMES
from cws.training.hmm_options import HmmOptions
from cws.word_list import jieba_table

Floats = NDArray[np.floating[Any]]

SCALE = 1 / 512  # nats of one step: the range is ±64 nats, and a step is finer than any count tells
_LIMIT = 32767 * SCALE
_PRIOR = 0.5  # added to each count of a character that is known (Jeffreys)


@dataclass(frozen=True)
class Hmm:
    """A model of order 1, as log-probabilities; -inf is impossible.

    Attributes:
        alphabet: The characters.
        emissions: log P(class | tag), shape (classes, K). A class UNKNOWN + type stands for any one unknown character.
        transitions: log P(to | from), shape (K, K).
        start: log P(tag) at the first character, shape (K,).
        end: log P(no more | tag), shape (K,).
    """

    alphabet: Alphabet
    emissions: Floats
    transitions: Floats
    start: Floats
    end: Floats


def train_hmm(
    sentences: Sequence[Words],
    folder: str | PathLike[str],
    *,
    options: HmmOptions | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Train a model on segmented sentences and write it to a folder.

    Args:
        sentences: Lists of words.
        folder: Made if it is not there.
        options: Its order.
        about: What else cws.json should say.

    Raises:
        InputError: No sentence, or sentences that are not segmented.
        FileError: The folder cannot be written.
    """
    order = (options or HmmOptions()).order
    training = {"sentences": len(sentences), "words": sum(map(len, sentences)), **(about or {})}
    if order == 1:
        write_hmm(count_hmm(sentences), folder, training)
    else:
        check_sentences(sentences)
        alphabet, codes, tags, lengths = _encode(sentences)
        tensors = {"characters": alphabet.characters, **count_trigrams(alphabet.types, codes, tags, lengths)}
        _write(folder, tensors, 2, training)


def write_hmm(hmm: Hmm, folder: str | PathLike[str], about: Mapping[str, Any] | None = None) -> None:
    """Write a model of order 1 to a folder; arguments and errors as of `train_hmm`."""
    chain = {"transitions": hmm.transitions, "start": hmm.start, "end": hmm.end, "scores": hmm.emissions}
    tensors = {name: _steps(scores) for name, scores in chain.items()}
    _write(folder, {"characters": hmm.alphabet.characters, **tensors}, 1, about or {})


def _write(
    folder: str | PathLike[str], tensors: Mapping[str, NDArray[Any]], order: int, training: Mapping[str, Any]
) -> None:
    config = {"kind": "hmm", "scheme": SBME.name, "order": order, "scale": SCALE, "training": dict(training)}
    # The largest integers come first in the file: with them, all that follow are where they may be read.
    model_io.write_model(folder, config, tensors, aligned="bigram_first" if order == 2 else None)


def _steps(logs: Floats) -> NDArray[np.int16]:
    return np.round(np.clip(logs, -_LIMIT, _LIMIT) / SCALE).astype(np.int16)


def log_of(probabilities: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(probabilities)


# Order 1


def count_hmm(sentences: Iterable[Words], scheme: TagScheme = SBME) -> Hmm:
    """Return the model of order 1 that the counts of segmented sentences give.

    Model files hold SBME only; other schemes are for studies (scripts/studies/tag_sets.py).

    Raises:
        InputError: No word in them, or sentences that are not segmented.
    """
    check_sentences(sentences := list(sentences))
    alphabet, codes, tags, lengths = _encode(sentences, scheme)
    first, last, inner = places_of(lengths)
    k = scheme.size
    start = np.bincount(tags[first], minlength=k) + np.array(scheme.start_allowed)
    steps = np.bincount(k * tags[:-1][inner].astype(np.int64) + tags[1:][inner], minlength=k * k).reshape(k, k)
    steps = steps + np.array(scheme.transitions_allowed)
    end = np.bincount(tags[last], minlength=k) + np.array(scheme.end_allowed)
    counts = _by_tag(codes, tags, len(alphabet.types), k)
    known = counts.copy()
    known[FIRST_KNOWN:] += _PRIOR
    known[:FIRST_KNOWN] += _unknown(counts, alphabet.types)
    leaving = steps.sum(axis=1) + end  # from each tag something follows, or nothing
    return Hmm(
        alphabet,
        log_of(known / known.sum(axis=0)),
        log_of(steps / leaving[:, None]),
        log_of(start / start.sum()),
        log_of(end / leaving),
    )


def _encode(
    sentences: Iterable[Words], scheme: TagScheme = SBME
) -> tuple[Alphabet, NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int64]]:
    """Return the alphabet of the sentences, and their codes, tags and lengths in it."""
    sentences = [words for words in sentences if words]
    if not sentences:
        raise InputError("no words to learn from: give a corpus, one sentence a line, words separated by spaces")
    alphabet = Alphabet.of("".join(words) for words in sentences)
    return alphabet, *alphabet.encode_corpus(sentences, scheme)


def places_of(lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the first and last characters of the sequences, and which characters are followed by one of their own."""
    lengths = lengths[lengths > 0]
    ends = np.cumsum(lengths)
    inner = np.ones(int(ends[-1]) if len(ends) else 0, bool)
    inner[ends - 1] = False
    return ends - lengths, ends - 1, inner[:-1]


def _by_tag(codes: NDArray[np.uint16], tags: NDArray[np.uint8], classes: int, k: int) -> Floats:
    """Return how often each class has each tag, shape (classes, k)."""
    return np.bincount(k * codes.astype(np.int64) + tags, minlength=k * classes).reshape(classes, k).astype(np.float64)


def _unknown(counts: Floats, types: NDArray[np.uint8]) -> Floats:
    """Return what to add for one unknown character of each type, shape (FIRST_KNOWN, K).

    A character that was met once tells what one that was never met does (Good & Turing): as many as there are of a
    type, so much is left for the type; and there are some thousand of them.
    """
    result = np.zeros((FIRST_KNOWN, counts.shape[1]))
    once = counts.sum(axis=1) == 1
    once[:FIRST_KNOWN] = False
    for kind in range(len(TYPE_NAMES)):
        result[UNKNOWN + kind] = (counts[once & (types == kind)].sum(axis=0) + 0.1) / 1000
    return result


# Order 2


def count_trigrams(
    types: NDArray[np.uint8],
    codes: NDArray[np.uint16],
    tags: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    scheme: TagScheme = SBME,
) -> dict[str, NDArray[Any]]:
    """Return the tensors of order 2 but the characters.

    Args:
        types: Of an alphabet.
        codes, tags, lengths: As its `encode_corpus` returns them.
        scheme: Of the tags; its first tag is that of words of one character.
    """
    classes, k = len(types), scheme.size
    # Every sequence with two edges before it; a character with its tag is one number. Edges are tagged as words.
    lengths = lengths[lengths > 0]
    begins = np.cumsum(lengths) - lengths
    at = np.repeat(begins, 2)
    joint = np.insert(k * codes.astype(np.int64) + tags, at, k * EDGE)
    is_edge = np.insert(np.zeros(len(codes), bool), at, True)
    here = np.flatnonzero(~is_edge)
    top = k * classes
    # What is counted: all characters, and the edges before them as context.
    unigram = np.bincount(joint[here], minlength=top).astype(np.float64)
    pairs, pair_counts = np.unique(joint[here - 1] * top + joint[here], return_counts=True)
    triples, triple_counts = np.unique(
        (joint[here - 2] * top + joint[here - 1]) * top + joint[here], return_counts=True
    )
    context1 = np.bincount(joint[here - 1], minlength=top).astype(np.float64)
    contexts2, context2_counts = np.unique(joint[here - 2] * top + joint[here - 1], return_counts=True)
    context2 = context2_counts[np.searchsorted(contexts2, triples // top)].astype(np.float64)
    weights = _interpolation(
        (triple_counts - 1, context2 - 1),
        (
            pair_counts[np.searchsorted(pairs, triples % (top * top))] - 1,
            context1[triples // top % top] - 1,
        ),
        (unigram[triples % top] - 1, np.full(len(triples), len(here) - 1.0)),
        triple_counts,
    )

    # P(c, t), and of one unknown character of each type
    one = unigram.reshape(classes, k) + 0.01
    one[:FIRST_KNOWN] += _unknown(unigram.reshape(classes, k), types)
    one = (weights[0] * one / len(here)).astype(np.float32)
    legal = _LegalTags(scheme)
    # For each bigram of characters, the probability of the second and its tag after the first and its
    pair_first, pair_second = pairs // top, pairs % top
    bigram_keys, bigram_of = np.unique(pair_first // k * classes + pair_second // k, return_inverse=True)
    # Two edges are no bigram of any text, but trigrams go on with them.
    bigram_keys, bigram_of = np.insert(bigram_keys, 0, EDGE * classes + EDGE), bigram_of + 1
    two = one[bigram_keys % classes][:, legal.last_of_pair]  # shape: (bigrams, legal pairs)
    two[bigram_of, legal.pair_at[pair_first % k, pair_second % k]] += weights[1] * pair_counts / context1[pair_first]
    # And of each trigram
    x, y, z = triples // (top * top), triples // top % top, triples % top
    trigram_keys, trigram_of = np.unique((x // k * classes + y // k) * classes + z // k, return_inverse=True)
    three = two[np.searchsorted(bigram_keys, trigram_keys % (classes * classes))][:, legal.pair_of_triple]
    three[trigram_of, legal.triple_at[x % k, y % k, z % k]] += weights[2] * triple_counts / context2
    return {
        "scores": _steps(log_of(one)),
        **_level("bigram", classes, bigram_keys // classes, bigram_keys % classes, two),
        **_level("trigram", len(bigram_keys), np.searchsorted(bigram_keys, trigram_keys // classes),
                 trigram_keys % classes, three),
    }  # fmt: skip


class _LegalTags:
    """Where the legal pairs and triples of tags stand among the scores."""

    def __init__(self, scheme: TagScheme) -> None:
        pairs, triples = legal_pairs(scheme), legal_triples(scheme)
        self.pair_at = np.full((scheme.size,) * 2, -1)
        self.pair_at[tuple(np.array(pairs).T)] = np.arange(len(pairs))
        self.triple_at = np.full((scheme.size,) * 3, -1)
        self.triple_at[tuple(np.array(triples).T)] = np.arange(len(triples))
        self.last_of_pair = [second for _, second in pairs]
        self.pair_of_triple = [pairs.index(triple[1:]) for triple in triples]


def _level(
    name: str, parents: int, parent: NDArray[np.int64], last: NDArray[np.int64], probabilities: Floats
) -> dict[str, NDArray[Any]]:
    """Return one level of the tree of n-grams, which are in order: the parent of each, its last class, its scores."""
    return {
        f"{name}_first": np.searchsorted(parent, np.arange(parents + 1)).astype(np.uint32),
        f"{name}_classes": last.astype(np.uint16),
        f"{name}_scores": _steps(log_of(probabilities)),
    }


def _interpolation(*orders: Any) -> Floats:
    """Return the weights of what is known of none, one and two before (deleted interpolation, Brants 2000, "TnT").

    Each trigram votes, as often as it occurs, for the order that would foretell it best if it occurred once less.
    """
    *fractions, votes = orders
    shares = [np.divide(n, of, out=np.zeros(len(n)), where=of > 0) for n, of in fractions]
    winner = np.argmax(shares, axis=0)  # 0 is the trigram; of equals the higher order
    totals = np.bincount(winner, weights=votes, minlength=3)[::-1] + 1
    weights: Floats = totals / totals.sum()
    return weights


# The tables of jieba


def jieba_hmm() -> Hmm:
    """Return the model that the installed jieba finds unknown words with, from the tables of its `finalseg`.

    Its tables know no end and no unknown characters: here a text ends where it may, and an unknown character says
    nothing about its tag.

    Raises:
        FileError: jieba is not installed.
        ModelError: Its tables are not as those of jieba 0.42.
    """
    start, steps, emit = (jieba_table("finalseg", f"prob_{name}") for name in ("start", "trans", "emit"))
    tags = SBME.names
    try:
        alphabet = Alphabet.of("".join(emit[tag]) for tag in tags)
        emissions = np.full((len(alphabet.types), 4), -np.inf)
        emissions[:FIRST_KNOWN] = -20
        for tag in tags:
            for character, log_probability in emit[tag].items():
                emissions[alphabet.characters[ord(character)], SBME.index(tag)] = log_probability
        transitions = np.array([[steps[p].get(q, -np.inf) for q in tags] for p in tags])
        first = np.array([start[tag] for tag in tags])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"the tables of jieba.finalseg are not those of jieba 0.42 ({error})") from error
    end = np.where(SBME.end_allowed, np.log(1 / 2), -np.inf)
    return Hmm(alphabet, emissions, transitions, np.where(first < -1e3, -np.inf, first), end)
