"""Labelers of scripts/studies/tag_sets.py: hidden Markov models, the linear one, the BiLSTM, for schemes of any tags.

Emissions are of the training's own weights, and `cws.decode` finds the best tags: the run-time models have four tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cws._native import LinearTrainer
from cws.decode import Legality, viterbi
from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import EDGE
from cws.labelers.hmm import legal_pairs, legal_triples
from cws.labelers.kind import Kind
from cws.labelers.neural.features import FeatureOptions
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel, make_labeler
from cws.tags import TagScheme
from cws.training.batches import Encoded
from cws.training.hmm import count_hmm, count_trigrams
from cws.training.linear_options import LinearOptions
from cws.training.linear_trainer import best_tags, make_trainer, word_f1
from cws.training.loop import fit
from cws.training.neural_options import NeuralOptions
from cws.training.ngram_classes import WordList, lexicon_entries
from cws.training.tagging import Tagging

MARGINS = (1.0, 2.0, 3.0, 4.0)
BILSTM = NeuralOptions(character_size=32, pair_size=16, hidden=64, epochs=3, averaging=0.99)

Corpus = list[list[str]]


@dataclass(frozen=True)
class Scored:
    """Test sentences as `cws.decode` takes them.

    Attributes:
        arguments: Emissions, offsets, transitions, start and end.
        legality: Of the chain's tags.
        opens: Whether a word begins at a character with the tag, shape (K,).
    """

    arguments: tuple[NDArray[Any], ...]
    legality: Legality
    opens: NDArray[np.bool_]

    def best(self) -> NDArray[np.uint8]:
        tags: NDArray[np.uint8] = viterbi(*self.arguments, legality=self.legality, threads=1).tags
        return tags

    def words(self, sentences: Corpus) -> Corpus:
        """Return the words that the best tags spell."""
        begins_word = self.opens[self.best()]
        result = []
        for sentence, (first, last) in zip(sentences, pairwise(self.arguments[1].tolist()), strict=True):
            text, begins = "".join(sentence), np.flatnonzero(begins_word[first:last]).tolist()
            result.append([text[begin:end] for begin, end in pairwise([*begins, len(text)])])
        return result


@dataclass(frozen=True)
class Triples:
    """The legality of a chain of order 1 whose tags are legal triples of tags of a scheme."""

    transitions_allowed: list[list[bool]]
    start_allowed: list[bool]
    end_allowed: list[bool]

    @classmethod
    def of(cls, scheme: TagScheme) -> Triples:
        triples = legal_triples(scheme)
        return cls(
            [[before[1:] == here[:2] for here in triples] for before in triples],
            [here[:2] == (0, 0) and scheme.start_allowed[here[2]] for here in triples],  # before a text stand two words
            [scheme.end_allowed[here[2]] for here in triples],
        )


class Hmm1:
    """The model of order 1."""

    def __init__(self, train: Corpus, scheme: TagScheme) -> None:
        self.scheme = scheme
        self.hmm = count_hmm(train, scheme)

    def score(self, test: Corpus) -> Scored:
        codes, _, lengths = self.hmm.alphabet.encode_corpus(test)
        logs = self.hmm.emissions[codes], self.hmm.transitions, self.hmm.start, self.hmm.end
        emissions, *chain = (np.maximum(one, -1e3).astype(np.float32) for one in logs)
        return Scored((emissions, offsets_of(lengths), *chain), self.scheme, np.array(self.scheme.start_allowed))


class Hmm2:
    """The model of order 2."""

    def __init__(self, train: Corpus, scheme: TagScheme) -> None:
        self.scheme = scheme
        self.alphabet = Alphabet.of(map("".join, train))
        self.tensors = count_trigrams(self.alphabet.types, *self.alphabet.encode_corpus(train, scheme), scheme)

    def score(self, test: Corpus) -> Scored:
        codes, _, lengths = self.alphabet.encode_corpus(test)
        emissions = trigram_emissions(self.tensors, codes, lengths, self.scheme)
        triples = legal_triples(self.scheme)
        nothing = np.zeros(len(triples), np.float32)
        chain = np.zeros((len(triples),) * 2, np.float32), nothing, nothing
        opens = np.array(self.scheme.start_allowed)[[triple[2] for triple in triples]]
        return Scored((emissions, offsets_of(lengths), *chain), Triples.of(self.scheme), opens)


def trigram_emissions(
    tensors: dict[str, NDArray[Any]], codes: NDArray[np.uint16], lengths: NDArray[np.int64], scheme: TagScheme
) -> NDArray[np.float32]:
    """Return the scores that `cws.labelers.reference.hmm_emissions` gives, of all sequences together."""
    pairs, triples = legal_pairs(scheme), legal_triples(scheme)
    begins = np.repeat(offsets_of(lengths)[:-1], 2)
    padded = np.insert(codes.astype(np.int64), begins, EDGE)
    here = np.flatnonzero(np.insert(np.ones(len(codes), bool), begins, False))
    classes = len(tensors["scores"])

    def keys(name: str) -> NDArray[np.int64]:
        first, last = tensors[f"{name}_first"], tensors[f"{name}_classes"].astype(np.int64)
        # n-grams that go on with a parent are together, so an n-gram's parent is the last that begins before it
        return (np.searchsorted(first, np.arange(len(last)), side="right") - 1) * classes + last

    def find(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)

    bigrams = keys("bigram")
    before, last = (find(bigrams, padded[here - at - 1] * classes + padded[here - at]) for at in (1, 0))
    trigram = np.where(before >= 0, find(keys("trigram"), before * classes + padded[here]), -1)
    rows = tensors["scores"][padded[here]][:, [triple[2] for triple in triples]].astype(np.float32)
    rows[last >= 0] = tensors["bigram_scores"][last[last >= 0]][:, [pairs.index(triple[1:]) for triple in triples]]
    rows[trigram >= 0] = tensors["trigram_scores"][trigram[trigram >= 0]]
    return rows


class Linear:
    """The linear labeler with the word lists given, on one corpus."""

    def __init__(self, word_lists: Sequence[WordList], train: Corpus) -> None:
        self.train = train
        self.alphabet = Alphabet.of(["".join(map("".join, train)), *map("".join, word_lists)])
        self.lexicon = lexicon_entries(self.alphabet, word_lists, LinearOptions().frequent)

    def trainer(self, scheme: TagScheme, sentences: Corpus, options: LinearOptions) -> LinearTrainer:
        return make_trainer(self.alphabet, self.lexicon, sentences, options, scheme)

    def choose(self, scheme: TagScheme, train: Corpus, dev: Corpus) -> tuple[LinearOptions, float]:
        """Return the margin and the number of epochs that are best on dev, and the F1 they have there."""
        codes, tags, lengths = self.alphabet.encode_corpus(dev, scheme)
        best, chosen = -1.0, LinearOptions()
        for margin in MARGINS:
            options = replace(chosen, margin=margin)
            trainer = self.trainer(scheme, train, options)
            for epoch in range(1, LinearOptions().epochs + 1):
                trainer.run_epoch()
                f1 = word_f1(tags, best_tags(trainer, codes, lengths, scheme), scheme)
                if f1 > best:
                    best, chosen = f1, replace(options, epochs=epoch)
        return chosen, best

    def score(self, trainer: LinearTrainer, scheme: TagScheme, test: Corpus) -> Scored:
        codes, _, lengths = self.alphabet.encode_corpus(test)
        arguments = (trainer.emissions(codes, lengths), offsets_of(lengths), *trainer.chain())
        return Scored(arguments, scheme, np.array(scheme.start_allowed))

    def trained(self, scheme: TagScheme, options: LinearOptions, test: Corpus) -> Scored:
        trainer = self.trainer(scheme, self.train, options)
        for _ in range(options.epochs):
            trainer.run_epoch()
        return self.score(trainer, scheme, test)


class BiLstm:
    """The BiLSTM with a CRF and lexicon features, on one corpus: smaller than that of `cws train`, for it is many."""

    def __init__(self, word_list: WordList, train: Corpus, dev: Corpus) -> None:
        self.alphabet = Alphabet.of(["".join(map("".join, train)), "".join(word_list)])
        self.lexicon = LexiconFeatures.of(self.alphabet, [word_list])
        self.train, self.dev = train, dev

    def trained(self, scheme: TagScheme, seed: int, test: Corpus) -> tuple[Scored, dict[str, Any]]:
        """Return the test sentences as a model of the best epoch on dev scores them, and that epoch and its F1."""
        torch.manual_seed(seed)
        features = FeatureOptions(len(self.alphabet.types), BILSTM.character_size, BILSTM.pair_size)
        labeler = make_labeler(Kind("bilstm", "crf"), features, hidden=BILSTM.hidden, scheme=scheme)
        model = NeuralModel(Kind("bilstm", "crf"), labeler, self.alphabet, self.lexicon)
        train, dev, tested = (Encoded.of(model, [part]) for part in (self.train, self.dev, test))
        options = replace(BILSTM, seed=seed)
        with TemporaryDirectory() as folder:
            result = fit(Tagging(model, train, dev, options, "tag sets"), folder, options=options)
        labeler.load_state_dict(result.best)
        labeler.eval()
        best = max(result.history, key=lambda record: record["f1"])
        with torch.no_grad():
            emissions = [labeler.emissions(tested.batch([row])).numpy() for row in range(len(test))]
        chain = (one.numpy() for one in labeler.scores())
        arguments = (np.concatenate(emissions), offsets_of(np.array([len(one) for one in emissions])), *chain)
        scored = Scored(arguments, scheme, np.array(scheme.start_allowed))
        return scored, {"epochs": best["epoch"], "dev_f1": best["f1"]}


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)])
