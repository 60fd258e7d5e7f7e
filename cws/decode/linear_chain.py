"""The distribution over the tag sequences of linear chains, and what can be asked of it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, NamedTuple

from cws.decode.chain import Array, Chain, Legality, whole_number
from cws.decode.dispatch import Backend, Dispatch, choose_backend

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
    """Expectations over all legal paths.

    Attributes:
        log_partition: float64, shape (B,), the log of the summed exp(score) of all legal paths, in nats; 0 for an empty
            sequence.
        tags: Shape (N, K), the probability of each tag at each character.
        transitions: Shape (K, K), [from, to], the expected number of each transition in the whole batch; or, pairwise,
            shape (N, K, K), where row i is the joint probability of the tags of characters i - 1 and i, and 0 where a
            sequence begins.
    """

    log_partition: Array
    tags: Array
    transitions: Array


class Likelihood(NamedTuple):
    """The log-probability of given tags, and the gradient of its sum over the batch, each sequence by its weight.

    Attributes:
        values: float64, shape (B,), in nats.
        emissions: Shape (N, K), the gradient with respect to the emissions.
        transitions: Shape (K, K), that with respect to the transitions.
        start: Shape (K,).
        end: Shape (K,).
    """

    values: Array
    emissions: Array
    transitions: Array
    start: Array
    end: Array


@dataclass(frozen=True, eq=False, repr=False)
class LinearChain:
    """The distribution over the tag sequences of a batch: p(tags) is proportional to exp(score(tags)).

        score(tags) = start[tags[0]] + end[tags[-1]]
                      + sum of emissions[i, tags[i]] + sum of transitions[tags[i - 1], tags[i]]

    This is the linear-chain conditional random field of Lafferty, McCallum & Pereira (2001); a hidden Markov model is
    one whose scores are logs of probabilities. The constructor checks and masks once, and every method uses that.
    Arrays are not copied where it can be helped: do not write to them while the chain is in use. Nothing here is
    recorded by autograd: `cws.crf.CRF` is the layer that trains.

    Args:
        emissions: Shape (N, K), float32 or float64, on CUDA float32, float16 or bfloat16: the score of K tags, from 1
            to 256, at each of the N characters of all sequences, one sequence after the other. From -1e30 to 1e30.
        offsets: Shape (B + 1,), int64, from 0 to N, never falling: sequence b is emissions[offsets[b]:offsets[b + 1]].
            Sequences may be empty.
        transitions: Shape (K, K), [from, to]: the score of a tag after another; -inf forbids, here and in the next two.
        start: Shape (K,), the score of a tag at the first character; None is zeros. Errors call it start_transitions.
        end: Shape (K,), the score of a tag at the last character; None is zeros. Errors call it end_transitions.
        legality: Which tags may begin, follow each other and end, such as a `TagScheme`; None is all.
        allowed: Which tags each character may have: bool, shape (N, K), or the same as bits, `numpy.packbits(mask,
            axis=1, bitorder="little")`, uint8, shape (N, (K + 7) // 8). None is all.
        backend: "reference", "native" or "cuda", see `cws.decode`; None chooses by the device and type of the
            emissions.
        threads: Of the native backend, from 1 to 256; None is as many as there are processors.
        check: Whether scores that are no numbers, and sequences without a legal path, are errors. None: they are on the
            CPU. On CUDA the host would have to wait for the device; there such a sequence has the score NaN or -inf,
            and tags that are in range but mean nothing. Offsets are not looked at there either: where they fall or go
            beyond N, nothing outside the arrays is touched, and the results mean nothing.

    Raises:
        InputError: An argument of the wrong type, shape or device, offsets that fall, transitions that are no numbers;
            the message names what was expected and what came. Bad emissions and sequences without a legal path are
            found by the methods, which raise it too.

    >>> emissions, transitions = np.float32([[1, 0], [0, 3]]), np.float32([[0, -1], [0, 0]])
    >>> LinearChain(emissions, np.int64([0, 2]), transitions).viterbi()
    Paths(tags=array([0, 1], dtype=uint8), scores=array([3.]))
    """

    emissions: Array
    offsets: Array
    transitions: Array
    start: Array | None = None
    end: Array | None = None
    _: KW_ONLY
    legality: Legality | None = None
    allowed: Array | None = None
    backend: Backend | None = None
    threads: int | None = None
    check: bool | None = None
    _dispatch: Dispatch = field(init=False)
    _chain: Chain = field(init=False)

    def __post_init__(self) -> None:
        dispatch = choose_backend(self.emissions, self.backend, self.threads, self.check)
        chain = dispatch.arrays.chain(
            self.emissions, self.offsets, self.transitions, self.start, self.end, self.legality, self.allowed
        )
        self.__dict__.update(_dispatch=dispatch, _chain=chain)  # the class is frozen

    def __getstate__(self) -> dict[str, Any]:
        """Return the arguments: what is made of them holds modules, which cannot be pickled or copied."""
        return {argument.name: getattr(self, argument.name) for argument in fields(self) if argument.init}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def num_tags(self) -> int:
        """K."""
        return self._chain.size

    def __len__(self) -> int:
        """Return B, the number of sequences."""
        return self._chain.sequences

    def __repr__(self) -> str:
        shape = f"characters={self._chain.characters}, sequences={len(self)}, tags={self.num_tags}"
        return f"LinearChain({shape}, backend={self._dispatch.name!r})"

    def viterbi(self) -> Paths:
        """Return the best tags of every sequence, and their scores (Viterbi 1967).

        Ties: the lowest last tag, and going backwards the lowest tag before it that reaches the best score.

        Raises:
            InputError: Where values are checked, emissions that are no numbers, and a sequence without a legal path.
        """
        tags, scores = self._dispatch.algorithms.viterbi(self._chain)
        self._check(scores)
        return Paths(*self._returned(tags, scores))

    def nbest(self, n: int) -> Paths:
        """Return the n best tag sequences of every sequence, best first (list Viterbi; Seshadri & Sundberg 1994).

        Where a sequence has fewer than n legal paths, the scores of the rest are -inf and their tags 0. Ties: of two
        equal paths first comes the one with the lower tag at the last character where they differ.

        Args:
            n: From 1 to 1024.

        Raises:
            InputError: n out of range, on CUDA more than 64 tags; and as `viterbi`.
        """
        n = whole_number(n, "n", NBEST_LIMIT)
        tags, scores = self._dispatch.algorithms.nbest(self._chain, n)
        self._check(scores[0])
        return Paths(*self._returned(tags, scores))

    def marginals(self, *, pairwise: bool = False) -> Marginals:
        """Return log-partition and marginals of every sequence by forward-backward (Baum et al. 1970).

        Args:
            pairwise: Whether the transition marginals are of each character rather than summed: N * K * K numbers.

        Raises:
            InputError: As `viterbi`.
        """
        log_partition, tags, transitions = self._dispatch.algorithms.forward_backward(self._chain, pairwise)
        self._check(log_partition)
        return Marginals(*self._returned(log_partition, tags, transitions))

    def log_partition(self) -> Array:
        """Return the log of the summed exp(score) of all legal paths, float64, shape (B,), in nats; 0 if it is empty.

        It costs as much as `marginals`, which returns it too.

        Raises:
            InputError: As `viterbi`.
        """
        return self.marginals().log_partition

    def log_likelihood(self, tags: Array, *, weights: Array | None = None) -> Likelihood:
        """Return the log-probability of the tags, and its gradient: the tags minus the marginals.

        Args:
            tags: Shape (N,), uint8 or int64.
            weights: Shape (B,), float32, how much each sequence counts in the gradient; None is 1 for each.

        Raises:
            InputError: Tags or weights of the wrong type, shape or device; as `viterbi`; and where values are checked,
                tags out of range and tags that take an illegal step (on CUDA these give NaN and -inf).
        """
        arrays = self._dispatch.arrays
        tags, weights = arrays.tags(self._chain, tags), arrays.weights(self._chain, weights)
        values, gradient = self._dispatch.algorithms.log_likelihood(self._chain, tags, weights)
        self._check(values, "its tags take an illegal step")
        return Likelihood(*self._returned(values, *gradient))

    def _check(self, results: Array, what: str = "no legal path") -> None:
        self._dispatch.arrays.check(self._chain, results, what)

    def _returned(self, *results: Array) -> tuple[Array, ...]:
        return tuple(map(self._dispatch.arrays.returned, results))
