"""The conditional random field as a layer of a PyTorch model (Lafferty, McCallum & Pereira 2001).

    p(tags | x) = exp(score(x, tags)) / sum of exp(score(x, all tags)),
    score(x, tags) = start[tags[0]] + end[tags[-1]]
                     + sum of emissions[i, tags[i]] + sum of transitions[tags[i - 1], tags[i]]

Where the emissions come from is the encoder's business. All inference is that of `cws.decode`: no Python loop over
characters, on CPU and on CUDA, where nothing here waits for the device but `decode`, `nbest` and error checks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cws.decode import Legality, LinearChain, Paths
from cws.decode.autograd import log_likelihood_of_each, weighted_log_likelihood
from cws.decode.chain import legality_masks, whole_number
from cws.decode.padded import Batch, backend_floats, may_check
from cws.errors import InputError
from cws.tags import MAX_TAGS, SBME

REDUCTIONS = ("none", "sum", "mean", "token_mean")


class CRF(nn.Module):
    """A CRF layer; a drop-in replacement for `torchcrf.CRF`, of the same parameters.

    Padded batches are (T, B, K), or (B, T, K) with batch_first; a mask is on for each character of a sequence and off
    after its end. Packed batches are (N, K) with offsets (B + 1,), see `cws.decode`.

    The learning rate of this layer should be higher than that of a pretrained encoder below it, else the transitions
    stay where they began: Su Jianlin, "The learning rate of your CRF layer may be too small" (2020, in Chinese).

    Args:
        num_tags: K, from 1 to 256.
        batch_first: Whether padded batches are (B, T, K).
        scheme: A `TagScheme` of num_tags tags, or any `cws.decode.Legality`: what it forbids has probability 0 and is
            never decoded, whatever the transitions say. None allows all.

    Attributes:
        transitions: Shape (K, K), [from, to].
        start_transitions: Shape (K,).
        end_transitions: Shape (K,).

    >>> crf = CRF(4, batch_first=True, scheme=SBME)
    >>> crf.decode(torch.tensor([[[0.0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 1, 1]]]))
    [[1, 2, 3]]
    """

    _illegal: Tensor | None

    def __init__(self, num_tags: int, batch_first: bool = False, *, scheme: Legality | None = None) -> None:
        num_tags = whole_number(num_tags, "num_tags", MAX_TAGS)
        super().__init__()
        self.num_tags = num_tags
        self.batch_first = batch_first
        self.start_transitions = nn.Parameter(torch.empty(num_tags))
        self.end_transitions = nn.Parameter(torch.empty(num_tags))
        self.transitions = nn.Parameter(torch.empty(num_tags, num_tags))
        self._masks = None if scheme is None else legality_masks(scheme, num_tags)
        # Not saved: it belongs to the scheme, and checkpoints stay those of torchcrf.
        self.register_buffer("_illegal", None, persistent=False)
        self._renew_illegal()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters evenly from -0.1 to 0.1."""
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.1, 0.1)

    def _renew_illegal(self) -> None:
        # SBME is masked by cws.decode, which has code of its own for it.
        if self._masks is not None and not self._masks.is_sbme:
            self._illegal = torch.from_numpy(self._masks.illegal.copy()).to(self.transitions.device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> CRF:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._renew_illegal()  # `to_empty` has left it empty
        return self

    def extra_repr(self) -> str:
        return f"num_tags={self.num_tags}"

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None, reduction: str = "sum") -> Tensor:
        """Return the log-likelihood of the tags; the loss is its negative.

        Args:
            emissions: Shape (T, B, K).
            tags: Shape (T, B), int64. What lies after the end of a sequence does not matter.
            mask: Shape (T, B), bool or uint8; None is all on.
            reduction: "none", a value for each sequence, shape (B,); "sum"; "mean" over sequences; "token_mean" over
                characters.

        Raises:
            InputError: Shapes that do not fit, a mask that is off and then on, a sequence without a character, tags out
                of range or illegal, emissions that are no numbers (on CUDA the latter three give NaN and -inf).
        """
        batch = self._batch(emissions, mask)
        if tags.shape != emissions.shape[:2]:
            raise InputError(f"tags: expected the shape {tuple(emissions.shape[:2])}, got {tuple(tags.shape)}")
        gold = self._rows(tags)
        if batch.mask is not None:
            gold = gold.masked_fill(~batch.mask, 0)
        return self._log_likelihood(batch, gold.reshape(-1), None, reduction).to(_result_type(emissions))

    def partial_log_likelihood(
        self, emissions: Tensor, allowed: Tensor, mask: Tensor | None = None, reduction: str = "sum"
    ) -> Tensor:
        """Return the log-probability of all tag sequences that agree with what is known, for incomplete annotation.

        Args:
            emissions: Shape (T, B, K).
            allowed: Shape (T, B, K), bool, which tags each character may have; or tags, shape (T, B), int64, where -1
                is an unknown tag.
            mask, reduction: As of `forward`.

        Raises:
            InputError: As `forward`, and where no legal tags agree.
        """
        batch = self._batch(emissions, mask)
        if allowed.dtype != torch.bool:
            allowed = self._allowed_of_labels(emissions, allowed, mask)
        if allowed.shape != emissions.shape:
            raise InputError(f"allowed: expected the shape {tuple(emissions.shape)}, got {tuple(allowed.shape)}")
        rows = self._rows(allowed)
        if batch.mask is not None:
            rows = rows | ~batch.mask.unsqueeze(-1)
        rows = rows.reshape(-1, self.num_tags)
        # For any path g that agrees, p(agreeing) = p(g) / p(g | agreeing).
        path = self._best_paths(batch, rows).tags
        whole, agreeing = (self._log_likelihood(batch, path, known, reduction) for known in (None, rows))
        return (whole - agreeing).to(_result_type(emissions))

    def _allowed_of_labels(self, emissions: Tensor, labels: Tensor, mask: Tensor | None) -> Tensor:
        """Return labels, -1 where unknown, as the tags that each character may have, bool in the emissions' shape."""
        shape = emissions.shape[:2]
        if labels.shape != shape or labels.dtype.is_floating_point:
            wanted = f"bool of shape {tuple(emissions.shape)} or int64 of shape {tuple(shape)}"
            raise InputError(f"allowed: expected {wanted}, got {labels.dtype} {tuple(labels.shape)}")
        if may_check(labels):
            known = labels if mask is None else labels[mask.bool()]
            if known.numel() and not -1 <= known.min() <= known.max() < self.num_tags:
                raise InputError(
                    f"allowed: expected tags from 0 to {self.num_tags - 1} and -1 for unknown, "
                    f"got {known.min()} to {known.max()}"
                )
        every_tag = torch.arange(self.num_tags, device=labels.device)
        return (labels.unsqueeze(-1) == every_tag) | (labels.unsqueeze(-1) == -1)

    def decode(self, emissions: Tensor, mask: Tensor | None = None) -> list[list[int]]:
        """Return the best tags of each sequence (Viterbi); arguments and errors as of `forward`."""
        batch = self._batch(emissions, mask)
        return batch.tag_lists(self._best_paths(batch).tags)

    def nbest(self, emissions: Tensor, mask: Tensor | None = None, *, n: int) -> list[list[tuple[float, list[int]]]]:
        """Return the (score, tags) of the n best paths of each sequence, best first; fewer where there are fewer."""
        batch = self._batch(emissions, mask)
        tags, scores = self._chain(batch).nbest(n)
        batch.check(scores[0])
        lists = [batch.tag_lists(row) for row in tags]
        values = scores[:, :: batch.step].T.tolist()
        return [
            [(score, lists[rank][at]) for rank, score in enumerate(row) if score > float("-inf")]
            for at, row in enumerate(values)
        ]

    def marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the probability of each tag at each character, in the shape of the emissions; 0 where masked."""
        batch = self._batch(emissions, mask)
        sums = self._chain(batch).marginals()
        batch.check(sums.log_partition)
        result: Tensor = sums.tags.reshape(batch.rows.shape).to(emissions.dtype)
        if batch.mask is not None:
            result = result * batch.mask.unsqueeze(-1)
        return self._rows(result)

    def decode_packed(self, emissions: Tensor, offsets: Tensor, *, allowed: Tensor | None = None) -> Paths:
        """Return the best tags and their scores as tensors on the device of the emissions.

        Args:
            emissions: Shape (N, K).
            offsets: Shape (B + 1,), int64.
            allowed: As of `cws.decode.LinearChain`.
        """
        self._check_packed(emissions, offsets)
        scores = self._scores(emissions)
        chain = LinearChain(backend_floats(emissions), offsets, *scores, legality=self._legality, allowed=allowed)
        return chain.viterbi()

    def log_likelihood_packed(
        self, emissions: Tensor, offsets: Tensor, tags: Tensor, reduction: str = "sum", *, allowed: Tensor | None = None
    ) -> Tensor:
        """Return the log-likelihood of packed tags, shape (N,); what `forward` is for padded ones."""
        self._check_packed(emissions, offsets)
        batch = Batch(emissions, None, offsets, 1)
        return self._log_likelihood(batch, tags, allowed, reduction).to(_result_type(emissions))

    def _check_packed(self, emissions: Tensor, offsets: Tensor) -> None:
        if emissions.ndim != 2 or emissions.shape[1] != self.num_tags:
            raise InputError(f"emissions: expected (N, K) with K = {self.num_tags}, got {tuple(emissions.shape)}")
        if offsets.ndim != 1 or not len(offsets):
            raise InputError(f"offsets: expected the shape (sequences + 1,), got {tuple(offsets.shape)}")

    # Below, arguments have been checked.

    def _log_likelihood(self, batch: Batch, tags: Tensor, allowed: Tensor | None, reduction: str) -> Tensor:
        """Return the log-likelihood in float64."""
        if reduction not in REDUCTIONS:
            raise InputError(f"reduction: expected one of {', '.join(REDUCTIONS)}, got {reduction!r}")
        emissions, weights = batch.emissions, batch.weights(reduction)
        arguments = (emissions, batch.offsets, tags, *self._scores(emissions), allowed, self._is_sbme())
        if reduction == "none":
            values = log_likelihood_of_each(*arguments)
            result = values[:: batch.step]
        else:
            result, values, *_ = weighted_log_likelihood(*arguments, weights)
        batch.check(values, "its tags take an illegal step")
        likelihood: Tensor = result
        return likelihood

    def _best_paths(self, batch: Batch, allowed: Tensor | None = None) -> Paths:
        paths = self._chain(batch, allowed).viterbi()
        batch.check(paths.scores)
        return paths

    def _chain(self, batch: Batch, allowed: Tensor | None = None) -> LinearChain:
        """Return the distribution of a batch, unchecked: padding may have no result."""
        scores = self._scores(batch.rows)
        return LinearChain(
            batch.emissions, batch.offsets, *scores, legality=self._legality, allowed=allowed, check=False
        )

    def _scores(self, emissions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return transitions, start and end in the type of the emissions, -inf where illegal."""
        dtype = torch.float64 if emissions.dtype == torch.float64 else torch.float32
        scores = (self.transitions.to(dtype), self.start_transitions.to(dtype), self.end_transitions.to(dtype))
        if self._illegal is not None:
            masks = self._illegal[: self.num_tags], self._illegal[-2], self._illegal[-1]
            transitions, start, end = (
                one.masked_fill(mask, float("-inf")) for one, mask in zip(scores, masks, strict=True)
            )
            return transitions, start, end
        return scores

    @property
    def _legality(self) -> Legality | None:
        return SBME if self._is_sbme() else None

    def _is_sbme(self) -> bool:
        return self._masks is not None and self._masks.is_sbme

    def _rows(self, padded: Tensor) -> Tensor:
        """Return a padded tensor with the sequences first; and one with the sequences first as it was."""
        return padded if self.batch_first else padded.transpose(0, 1)

    def _batch(self, emissions: Tensor, mask: Tensor | None) -> Batch:
        """Return the batch of padded emissions and a mask in the order that the caller has."""
        if emissions.ndim != 3 or emissions.shape[2] != self.num_tags:
            order = "(B, T, K)" if self.batch_first else "(T, B, K)"
            raise InputError(f"emissions: expected {order} with K = {self.num_tags}, got {tuple(emissions.shape)}")
        rows = self._rows(emissions)
        if rows.shape[1] == 0:
            raise InputError("emissions: expected sequences of at least one character, got none")
        if mask is not None and mask.shape != emissions.shape[:2]:
            raise InputError(f"mask: expected the shape {tuple(emissions.shape[:2])}, got {tuple(mask.shape)}")
        return Batch.of_rows(rows, None if mask is None else self._rows(mask.bool()))


def _result_type(emissions: Tensor) -> torch.dtype:
    """Return float64 for float64, else float32: a sum over a batch is more than halves can hold."""
    return torch.float64 if emissions.dtype == torch.float64 else torch.float32
