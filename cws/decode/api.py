"""The public functions: each checks what came, hands it to a backend, and looks at what came out."""

from __future__ import annotations

import importlib
from typing import Any, Literal, NamedTuple

import numpy as np

from cws.decode.chain import MAX_SCORE, Array, Chain, Legality, as_array, explain, is_tensor, numpy_chain, whole_number
from cws.errors import InputError
from cws.threads import check_threads, processors

Backend = Literal["reference", "native", "cuda"]
BACKENDS = ("reference", "native", "cuda")
NBEST_LIMIT = 1024


class Paths(NamedTuple):
    """Best paths.

    Attributes:
        tags: uint8, shape (N,), or (n, N) from `nbest`.
        scores: float64, shape (B,), or (n, B) from `nbest`; 0 for an empty sequence.
    """

    tags: Array
    scores: Array


class Marginals(NamedTuple):
    """What all paths have on the average.

    Attributes:
        log_partition: float64, shape (B,), the log of the summed exp(score) of all legal paths; 0 if it is empty.
        tags: Shape (N, K), the probability of each tag at each character.
        transitions: Shape (K, K), [from, to], the expected number of each transition in the whole batch; or, pairwise,
            shape (N, K, K), where row i is the joint probability of the tags of characters i - 1 and i, and 0 where a
            sequence begins.
    """

    log_partition: Array
    tags: Array
    transitions: Array


class Likelihood(NamedTuple):
    """The log-probability of given tags, and its gradient (None unless asked for).

    Attributes:
        values: float64, shape (B,).
        emissions: Shape (N, K), the gradient of the weighted sum of the values, as all that follow.
        transitions: Shape (K, K).
        start: Shape (K,).
        end: Shape (K,).
    """

    values: Array
    emissions: Array
    transitions: Array
    start: Array
    end: Array


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
    """Return the best tags of every sequence (Viterbi 1967).

    Ties: the lowest last tag, and going backwards the lowest tag before it that reaches the best score.

    Args:
        emissions: Shape (N, K), float32 or float64, on CUDA also float16 and bfloat16; K from 1 to 256. Scores from
            -1e30 to 1e30.
        offsets: Shape (B + 1,), int64, from 0 to N, never falling; sequences may be empty.
        transitions: Shape (K, K), [from, to]; -inf forbids, here and in the next two.
        start_transitions: Shape (K,); None is zeros.
        end_transitions: Shape (K,); None is zeros.
        legality: Which tags may begin, follow each other and end, such as a `TagScheme`; None is all.
        allowed: Which tags each character may have: bool, shape (N, K), or the same as bits, `numpy.packbits(mask,
            axis=1, bitorder="little")`, uint8, shape (N, (K + 7) // 8). None is all.
        backend: See `cws.decode`; None chooses by the device and type of the emissions.
        threads: Of the native backend; None is as many as there are processors.
        check: Whether scores that are no numbers and sequences without a legal path are an error. None: they are on the
            CPU; on CUDA the host would have to wait for the device, so there the score is NaN or -inf instead, and the
            tags are in range but mean nothing. Nor are offsets looked at there: where they fall or go beyond N, nothing
            outside the arrays is touched, and the results mean nothing.

    Raises:
        InputError: Anything that is not as said here, naming what was expected and what came.

    >>> viterbi(np.float32([[1, 0], [0, 3]]), np.int64([0, 2]), np.float32([[0, -1], [0, 0]]))
    Paths(tags=array([0, 1], dtype=uint8), scores=array([3.]))
    """
    job = _Job(emissions, backend, threads, check)
    chain = job.chain(offsets, transitions, start_transitions, end_transitions, legality, allowed)
    tags, scores = job.call("viterbi", chain)
    job.check(chain, scores, "no legal path")
    return Paths(job.back(tags), job.back(scores))


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
    """Return the n best tag sequences of every sequence, best first; arguments and errors as of `viterbi`.

    Where a sequence has fewer than n legal paths, the scores of the rest are -inf and their tags 0. Ties: of two equal
    paths first comes the one with the lower tag at the last character where they differ.

    Args:
        n: From 1 to 1024.
    """
    n = whole_number(n, "n", NBEST_LIMIT)
    job = _Job(emissions, backend, threads, check)
    chain = job.chain(offsets, transitions, start_transitions, end_transitions, legality, allowed)
    tags, scores = job.call("nbest", chain, n)
    job.check(chain, scores[0], "no legal path")
    return Paths(job.back(tags), job.back(scores))


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
    """Return log-partition and marginals of every sequence (Baum et al. 1970); arguments and errors as of `viterbi`.

    Args:
        pairwise: Whether the transition marginals are of each character rather than summed: N * K * K numbers.
    """
    job = _Job(emissions, backend, threads, check)
    chain = job.chain(offsets, transitions, start_transitions, end_transitions, legality, allowed)
    log_partition, tags, pairs = job.call("forward_backward", chain, pairwise)
    job.check(chain, log_partition, "no legal path")
    return Marginals(job.back(log_partition), job.back(tags), job.back(pairs))


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
    """Return the log-probability of the tags under the chain, and its gradient: the tags minus the marginals.

    Arguments and errors as of `viterbi`; tags that take an illegal step are an error too (on CUDA, -inf; tags out of
    range, NaN).

    Args:
        tags: Shape (N,), uint8 or int64.
        weights: Shape (B,), how much each sequence counts in the gradient; None is 1 for each.
    """
    job = _Job(emissions, backend, threads, check)
    chain = job.chain(offsets, transitions, start_transitions, end_transitions, legality, allowed)
    tags, weights = job.tags(chain, tags), job.weights(chain, weights)
    values, gradient = job.call("log_likelihood", chain, tags, weights)
    job.check(chain, values, "its tags take an illegal step")
    return Likelihood(job.back(values), *map(job.back, gradient))


class _Job:
    """One call: which backend computes, and in which kind of array its caller thinks."""

    def __init__(self, emissions: Array, backend: str | None, threads: int | None, check: bool | None) -> None:
        if backend not in (None, *BACKENDS):
            raise InputError(f"backend: expected one of {', '.join(BACKENDS)}, got {backend!r}")
        self._emissions = emissions
        self._tensors = is_tensor(emissions)
        self._on_cuda = backend == "cuda" or (backend is None and self._tensors and emissions.is_cuda)
        doubles = str(getattr(emissions, "dtype", "")).endswith("float64")
        self._backend = "cuda" if self._on_cuda else backend or ("reference" if doubles else "native")
        if self._backend == "native" and doubles:
            raise InputError("emissions: the native backend expects float32, got float64: use backend='reference'")
        self._threads = processors() if threads is None else check_threads(threads)
        self._checks = check if check is not None else not self._on_cuda

    def chain(self, *arguments: Any) -> Chain:
        if self._on_cuda:
            from cws.decode.cuda.chain import check_values, tensor_chain

            chain = tensor_chain(self._emissions, *arguments)
            if self._checks:
                check_values(chain)  # waits for the device
            return chain
        return numpy_chain(self._emissions, *arguments)

    def tags(self, chain: Chain, tags: Array) -> Array:
        """Return the tags checked: their type and shape, and on the CPU their range."""
        if self._on_cuda:
            from cws.decode.cuda.chain import tensor_like

            return tensor_like(chain, tags, "tags", (chain.characters,), ("uint8", "int64"))
        tags = as_array(tags, "tags")
        if tags.dtype not in (np.uint8, np.int64) or tags.shape != (chain.characters,):
            raise InputError(
                f"tags: expected uint8 or int64 of shape ({chain.characters},), got {tags.dtype} {tags.shape}"
            )
        if tags.size and not 0 <= tags.min() <= tags.max() < chain.size:
            raise InputError(f"tags: expected 0 to {chain.size - 1}, got {tags.min()} to {tags.max()}")
        return np.ascontiguousarray(tags)

    def weights(self, chain: Chain, weights: Array | None) -> Array:
        if self._on_cuda:
            from cws.decode.cuda.chain import ones, tensor_like

            shape = (chain.sequences,)
            return ones(chain) if weights is None else tensor_like(chain, weights, "weights", shape, ("float32",))
        if weights is None:
            return np.ones(chain.sequences, chain.transitions.dtype)
        weights = as_array(weights, "weights")
        if weights.dtype.kind != "f" or weights.shape != (chain.sequences,):
            raise InputError(
                f"weights: expected float32 of shape ({chain.sequences},), got {weights.dtype} {weights.shape}"
            )
        if self._checks and not (np.abs(weights) <= MAX_SCORE).all():
            raise InputError("weights: expected numbers from -1e30 to 1e30, got NaN or beyond")
        return np.ascontiguousarray(weights, chain.transitions.dtype)

    def call(self, function: str, chain: Chain, *arguments: Any) -> Any:
        module = importlib.import_module(f"cws.decode.{self._backend}")
        if self._backend == "native":
            arguments = (*arguments, self._threads)
        return getattr(module, function)(chain, *arguments)

    def check(self, chain: Chain, results: Array, what: str) -> None:
        if not self._checks:
            return
        if self._on_cuda:
            from cws.decode.cuda.chain import on_host

            chain, results = on_host(chain, results)  # waits for the device
        if not np.isfinite(results).all():
            sequence = int(np.flatnonzero(~np.isfinite(results))[0])
            first, last = chain.offsets[sequence : sequence + 2]
            raise explain(sequence, chain.emissions[first:last], what)

    def back(self, array: Array) -> Array:
        """Return the array as the caller's kind."""
        if not self._tensors or self._on_cuda:
            return array
        import torch

        return torch.from_numpy(array)
