"""The C++ backend: cws/native/chain/chain.h. Float32 scores, threads over sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from cws import _native
from cws.decode.chain import Chain


def viterbi(chain: Chain, threads: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """As `cws.decode.reference.viterbi`."""
    return _native_chain(chain).viterbi(threads)


def nbest(chain: Chain, n: int, threads: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """As `cws.decode.reference.nbest`."""
    return _native_chain(chain).nbest(n, threads)


def forward_backward(chain: Chain, pairwise: bool, threads: int) -> tuple[np.ndarray[Any, Any], ...]:
    """As `cws.decode.reference.forward_backward`."""
    return _native_chain(chain).forward_backward(pairwise, threads)


def log_likelihood(
    chain: Chain, tags: np.ndarray[Any, Any], weights: np.ndarray[Any, Any], threads: int
) -> tuple[np.ndarray[Any, Any], tuple[np.ndarray[Any, Any], ...]]:
    """As `cws.decode.reference.log_likelihood`."""
    return _native_chain(chain).log_likelihood(tags, weights, threads)


def _native_chain(chain: Chain) -> _native.Chain:
    return _native.Chain(
        chain.emissions, chain.offsets, chain.transitions, chain.start, chain.end, chain.allowed, chain.is_sbme
    )
