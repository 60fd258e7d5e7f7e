"""The C++ backend: cws/native/chain/chain.h. Float32 scores, threads over sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cws import _native
from cws.decode.chain import Chain


@dataclass(frozen=True)
class Native:
    """The functions of `cws.decode.reference` in C++.

    Attributes:
        threads: How many may share the sequences of a batch; results do not depend on it.
    """

    threads: int

    def viterbi(self, chain: Chain) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """As `cws.decode.reference.viterbi`."""
        return _native_chain(chain).viterbi(self.threads)

    def nbest(self, chain: Chain, n: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """As `cws.decode.reference.nbest`."""
        return _native_chain(chain).nbest(n, self.threads)

    def forward_backward(
        self, chain: Chain, pairwise: bool = False
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """As `cws.decode.reference.forward_backward`."""
        return _native_chain(chain).forward_backward(pairwise, self.threads)

    def log_likelihood(
        self, chain: Chain, tags: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]
    ) -> tuple[np.ndarray[Any, Any], tuple[np.ndarray[Any, Any], ...]]:
        """As `cws.decode.reference.log_likelihood`."""
        return _native_chain(chain).log_likelihood(tags, weights, self.threads)


def _native_chain(chain: Chain) -> _native.Chain:
    return _native.Chain(
        chain.emissions, chain.offsets, chain.transitions, chain.start, chain.end, chain.allowed, chain.is_sbme
    )
