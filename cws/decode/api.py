"""`LinearChain` as functions, for one question about one batch."""

from __future__ import annotations

from cws.decode.chain import Array, Legality
from cws.decode.dispatch import Backend
from cws.decode.linear_chain import Likelihood, LinearChain, Marginals, Paths


def viterbi(
    emissions: Array,
    offsets: Array,
    transitions: Array,
    start_transitions: Array | None = None,
    end_transitions: Array | None = None,
    *,
    legality: Legality | None = None,
    allowed: Array | None = None,
    backend: Backend | None = None,
    threads: int | None = None,
    check: bool | None = None,
) -> Paths:
    """Return the best tags of every sequence, see `LinearChain.viterbi`; arguments as of `LinearChain`.

    Args:
        start_transitions: Shape (K,); None is zeros.
        end_transitions: Shape (K,); None is zeros.

    Raises:
        InputError: As `LinearChain` and its method.

    >>> viterbi(np.float32([[1, 0], [0, 3]]), np.int64([0, 2]), np.float32([[0, -1], [0, 0]]))
    Paths(tags=array([0, 1], dtype=uint8), scores=array([3.]))
    """
    scores = (emissions, offsets, transitions, start_transitions, end_transitions)
    chain = LinearChain(*scores, legality=legality, allowed=allowed, backend=backend, threads=threads, check=check)
    return chain.viterbi()


def nbest(
    emissions: Array,
    offsets: Array,
    transitions: Array,
    start_transitions: Array | None = None,
    end_transitions: Array | None = None,
    *,
    n: int,
    legality: Legality | None = None,
    allowed: Array | None = None,
    backend: Backend | None = None,
    threads: int | None = None,
    check: bool | None = None,
) -> Paths:
    """Return the n best tag sequences, see `LinearChain.nbest`; arguments and errors as of `viterbi`.

    Args:
        n: From 1 to 1024.
    """
    scores = (emissions, offsets, transitions, start_transitions, end_transitions)
    chain = LinearChain(*scores, legality=legality, allowed=allowed, backend=backend, threads=threads, check=check)
    return chain.nbest(n)


def forward_backward(
    emissions: Array,
    offsets: Array,
    transitions: Array,
    start_transitions: Array | None = None,
    end_transitions: Array | None = None,
    *,
    legality: Legality | None = None,
    allowed: Array | None = None,
    pairwise: bool = False,
    backend: Backend | None = None,
    threads: int | None = None,
    check: bool | None = None,
) -> Marginals:
    """Return log-partition and marginals, see `LinearChain.marginals`; arguments and errors as of `viterbi`.

    Args:
        pairwise: Whether the transition marginals are of each character rather than summed: N * K * K numbers.
    """
    scores = (emissions, offsets, transitions, start_transitions, end_transitions)
    chain = LinearChain(*scores, legality=legality, allowed=allowed, backend=backend, threads=threads, check=check)
    return chain.marginals(pairwise=pairwise)


def log_likelihood(
    emissions: Array,
    offsets: Array,
    transitions: Array,
    start_transitions: Array | None = None,
    end_transitions: Array | None = None,
    *,
    tags: Array,
    weights: Array | None = None,
    legality: Legality | None = None,
    allowed: Array | None = None,
    backend: Backend | None = None,
    threads: int | None = None,
    check: bool | None = None,
) -> Likelihood:
    """Return the log-probability of the tags and its gradient, see `LinearChain.log_likelihood`.

    Other arguments and errors as of `viterbi`.

    Args:
        tags: Shape (N,), uint8 or int64.
        weights: Shape (B,), how much each sequence counts in the gradient; None is 1 for each.
    """
    scores = (emissions, offsets, transitions, start_transitions, end_transitions)
    chain = LinearChain(*scores, legality=legality, allowed=allowed, backend=backend, threads=threads, check=check)
    return chain.log_likelihood(tags, weights=weights)
