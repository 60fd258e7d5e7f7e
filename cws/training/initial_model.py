"""The linear model that a training begins with: it goes on scoring, and what is learned is the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws._native import LinearPredictor, build_table, find_in_table
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet
from cws.labelers.linear import TENSORS, is_first_release, open_linear
from cws.training.linear_weights import DTYPES, Tensors, in_steps

_WEIGHTS = slice(16, 64)  # of the bytes of a bucket
_LEAST_KNOWN = 0.5  # of the characters of a training text
_SUMS = ("unigrams", "type_contexts", "repetitions")  # what a difference is added to, beside n-grams
_CHAIN = ("transitions", "start", "end")


class InitialModel:
    """A linear model as training sees it.

    Its alphabet and its n-grams go on: characters it does not know stay unknown, and what it knows of n-grams that no
    training sentence has stays as it is.

    Args:
        config: Its cws.json.
        tensors: As cws/labelers/linear.py describes them.

    Attributes:
        config: Its cws.json.
        tensors: Its tensors.
        alphabet: Its characters.
        scale: Nats of one step of its weights.
        share: How much of the weights of the model in the folder is left.
    """

    def __init__(self, config: Mapping[str, Any], tensors: Tensors, share: float = 1.0) -> None:
        self.config, self.tensors, self.share = config, tensors, share
        self.alphabet = Alphabet(tensors["characters"], tensors["types"])
        self.scale = float(config["scale"])
        self._predictor = LinearPredictor(
            {name: model_io.aligned(tensor) for name, tensor in tensors.items()}, self.scale
        )

    @classmethod
    def open(cls, folder: str | PathLike[str]) -> InitialModel:
        """Return the model in a folder.

        Raises:
            ModelError: A broken or foreign file.
            InputError: A model of another kind, or of the first release, whose n-grams cannot be moved.
        """
        config = model_io.read_config(folder)
        if (kind := config.get("kind")) != "linear":
            raise InputError(f"{folder} is a model of kind {kind}: expected a linear model to begin with")
        if is_first_release(config):
            raise InputError(f"{folder} was made by cws 0.1, whose n-grams cannot be added to: train it again")
        open_linear(folder, config)  # which checks it
        tensors = {}
        for name, buffer in model_io.map_tensors(folder, config, TENSORS).items():
            dtype, shape = TENSORS[name]
            sizes = [-1 if size is None else size for size in shape]
            tensors[name] = np.frombuffer(buffer, DTYPES[dtype]).reshape(sizes)
        return cls(config, tensors)

    @property
    def name(self) -> str:
        """What the model is called, or its id."""
        return str(self.config.get("name", self.config["id"]))

    @property
    def sources(self) -> list[str]:
        """What the model learned from, with the terms of that: a model that goes on from it learned from it too."""
        return [*self.config.get("sources", [])]

    def scaled(self, share: float) -> InitialModel:
        """Return the model with a share of its weights, which then leaves more to what is learned beside it.

        Args:
            share: Above 0, at most 1.
        """
        if share == 1:
            return self
        tensors = dict(self.tensors)
        for name in (*_SUMS, *_CHAIN):
            tensors[name] = in_steps(name, tensors[name] * share)
        tensors["buckets"] = self.tensors["buckets"].copy()
        weights = tensors["buckets"][:, _WEIGHTS].view(np.int8)
        weights[...] = in_steps("ngrams", weights * share)
        return InitialModel(self.config, tensors, share)

    def with_ngrams(self, keys: NDArray[np.uint64], weights: NDArray[np.float32], limit: int) -> InitialModel:
        """Return a model with more weights for n-grams.

        Args:
            keys: (m,), ascending.
            weights: (m, 4, 4), nats that are added.
            limit: As for `with_difference`.
        """
        nothing = {name: np.zeros_like(self.tensors[name], np.float32) for name in _SUMS}
        chain = {name: self.tensors[name] * np.float32(self.scale) for name in _CHAIN}
        tensors = self.with_difference({**nothing, **chain, "keys": keys, "ngrams": weights}, limit)
        return InitialModel(self.config, tensors, self.share)

    def check_knows(self, texts: Iterable[str]) -> None:
        """Raise InputError if most characters of the texts are none of the model's."""
        codes = self.alphabet.encode("".join(texts))
        if len(codes) and not (known := self.alphabet.knows(codes)).mean() > _LEAST_KNOWN:
            raise InputError(
                f"the model to begin with knows {known.mean():.0%} of the characters of the training text: is it of"
                " another script, or encoding?"
            )

    def emissions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the scores of the tags in nats, shape (N, 4), of all characters of texts without white space."""
        rows = np.zeros((sum(map(len, texts)), 4), np.float32)
        at = 0
        for text in texts:
            for begin, scores in self._predictor.emissions(text):
                values = np.array(scores, np.float32).reshape(-1, 4)
                rows[at + begin : at + begin + len(values)] = values
            at += len(text)
        rows *= np.float32(self.scale)
        return rows

    def segment(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the words of each text, without units."""
        return [self._predictor.segment(text) for text in texts]

    def chain(self) -> NDArray[np.float32]:
        """Return transitions, start and end in nats, shape (6, 4)."""
        steps = [self.tensors[name].reshape(-1, 4) for name in _CHAIN]
        rows: NDArray[np.float32] = np.vstack(steps).astype(np.float32)
        rows *= np.float32(self.scale)
        return rows

    def with_difference(self, weights: Tensors, limit: int) -> Tensors:
        """Return the tensors of a model file, of this model and what was learned beyond it.

        Args:
            weights: What `LinearTrainer.weights` returned, in nats; of the chain the sum already.
            limit: New n-grams are left out if no weight of theirs is beyond this many steps.
        """
        steps = {name: weights[name] / self.scale for name in (*_SUMS, "ngrams")}
        sums = {name: self.tensors[name] + steps[name] for name in _SUMS}
        sums |= {name: weights[name] / self.scale for name in _CHAIN}
        known, is_known = find_in_table(self.tensors["buckets"], self.tensors["pilots"], weights["keys"])
        ngrams = in_steps("ngrams", known.reshape(-1, 4, 4) + steps["ngrams"])
        changed = (ngrams != known.reshape(-1, 4, 4)).any(axis=(1, 2))
        kept = np.where(is_known, changed, np.abs(ngrams).max(axis=(1, 2), initial=0) > limit)
        keys, ngrams = weights["keys"][kept], np.ascontiguousarray(ngrams[kept])
        buckets, pilots = build_table(keys, ngrams, self.tensors["buckets"], self.tensors["pilots"])
        return {
            "characters": self.alphabet.characters,
            "types": self.alphabet.types,
            "buckets": buckets,
            "pilots": pilots,
            **{name: in_steps(name, value) for name, value in sums.items()},
        }
