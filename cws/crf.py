"""The conditional random field as a layer of a PyTorch model (Lafferty, McCallum & Pereira 2001).

    p(tags | x) = exp(score(x, tags)) / sum of exp(score(x, all tags)),
    score(x, tags) = start[tags[0]] + end[tags[-1]]
                     + sum of emissions[i, tags[i]] + sum of transitions[tags[i - 1], tags[i]]

Where the emissions come from is the encoder's business. All inference is that of `cws.decode`: no Python loop over
characters, on CPU and on CUDA, where nothing here waits for the device but `decode`, `nbest` and error checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cws import decode as inference
from cws.decode import Legality
from cws.decode.autograd import log_likelihood_of_each, weighted_log_likelihood
from cws.decode.chain import MAX_TAGS, explain, legality_masks, whole_number
from cws.errors import InputError
from cws.tags import SBME

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
        # SBME is masked by cws.decode, which has shorter ways for it.
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
        if tags.shape != batch.outer_shape:
            raise InputError(f"tags: expected the shape {tuple(batch.outer_shape)}, got {tuple(tags.shape)}")
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
            if allowed.shape != batch.outer_shape or allowed.dtype.is_floating_point:
                wanted = f"bool of shape {tuple(emissions.shape)} or int64 of shape {tuple(batch.outer_shape)}"
                raise InputError(f"allowed: expected {wanted}, got {allowed.dtype} {tuple(allowed.shape)}")
            if _may_look_at(allowed):
                labels = allowed if mask is None else allowed[mask.bool()]
                if labels.numel() and not -1 <= labels.min() <= labels.max() < self.num_tags:
                    raise InputError(
                        f"allowed: expected tags from 0 to {self.num_tags - 1} and -1 for unknown, "
                        f"got {labels.min()} to {labels.max()}"
                    )
            every = torch.arange(self.num_tags, device=allowed.device)
            allowed = (allowed.unsqueeze(-1) == every) | (allowed.unsqueeze(-1) == -1)
        if allowed.shape != emissions.shape:
            raise InputError(f"allowed: expected the shape {tuple(emissions.shape)}, got {tuple(allowed.shape)}")
        rows = self._rows(allowed)
        if batch.mask is not None:
            rows = rows | ~batch.mask.unsqueeze(-1)
        rows = rows.reshape(-1, self.num_tags)
        # For any path g that agrees, p(agreeing) = p(g) / p(g | agreeing).
        path = self._viterbi(batch, rows).tags
        whole, agreeing = (self._log_likelihood(batch, path, known, reduction) for known in (None, rows))
        return (whole - agreeing).to(_result_type(emissions))

    def decode(self, emissions: Tensor, mask: Tensor | None = None) -> list[list[int]]:
        """Return the best tags of each sequence (Viterbi); arguments and errors as of `forward`."""
        batch = self._batch(emissions, mask)
        return self._lists(batch, self._viterbi(batch, None).tags)

    def nbest(self, emissions: Tensor, mask: Tensor | None = None, *, n: int) -> list[list[tuple[float, list[int]]]]:
        """Return the (score, tags) of the n best paths of each sequence, best first; fewer where there are fewer."""
        batch = self._batch(emissions, mask)
        tags, scores = inference.nbest(*self._arguments(batch), n=n, legality=self._legality, check=False)
        self._check(batch, scores[0])
        lists = [self._lists(batch, row) for row in tags]
        values = scores[:, :: batch.step].T.tolist()
        return [
            [(score, lists[rank][at]) for rank, score in enumerate(row) if score > float("-inf")]
            for at, row in enumerate(values)
        ]

    def marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the probability of each tag at each character, in the shape of the emissions; 0 where masked."""
        batch = self._batch(emissions, mask)
        sums = inference.forward_backward(*self._arguments(batch), legality=self._legality, check=False)
        self._check(batch, sums.log_partition)
        result: Tensor = sums.tags.reshape(batch.rows.shape).to(emissions.dtype)
        if batch.mask is not None:
            result = result * batch.mask.unsqueeze(-1)
        return self._rows(result)

    def decode_packed(self, emissions: Tensor, offsets: Tensor, *, allowed: Tensor | None = None) -> inference.Paths:
        """Return the best tags and their scores as tensors on the device of the emissions.

        Args:
            emissions: Shape (N, K).
            offsets: Shape (B + 1,), int64.
            allowed: As of `cws.decode.viterbi`.
        """
        self._check_packed(emissions, offsets)
        return inference.viterbi(
            _plain(emissions), offsets, *self._scores(emissions), legality=self._legality, allowed=allowed
        )

    def log_likelihood_packed(
        self, emissions: Tensor, offsets: Tensor, tags: Tensor, reduction: str = "sum", *, allowed: Tensor | None = None
    ) -> Tensor:
        """Return the log-likelihood of packed tags, shape (N,); what `forward` is for padded ones."""
        self._check_packed(emissions, offsets)
        batch = _Batch(emissions, None, offsets, 1, emissions.shape[:1])
        return self._log_likelihood(batch, tags, allowed, reduction).to(_result_type(emissions))

    def _check_packed(self, emissions: Tensor, offsets: Tensor) -> None:
        if emissions.ndim != 2 or emissions.shape[1] != self.num_tags:
            raise InputError(f"emissions: expected (N, K) with K = {self.num_tags}, got {tuple(emissions.shape)}")
        if offsets.ndim != 1 or not len(offsets):
            raise InputError(f"offsets: expected the shape (sequences + 1,), got {tuple(offsets.shape)}")

    # Below, arguments have been checked.

    def _log_likelihood(self, batch: _Batch, tags: Tensor, allowed: Tensor | None, reduction: str) -> Tensor:
        """Return the log-likelihood in float64."""
        if reduction not in REDUCTIONS:
            raise InputError(f"reduction: expected one of {', '.join(REDUCTIONS)}, got {reduction!r}")
        emissions = _plain(batch.rows).reshape(-1, self.num_tags)
        scores = self._scores(emissions)
        weights = batch.weights(reduction)
        arguments = (emissions, batch.offsets, tags, *scores, allowed, self._is_sbme())
        if reduction == "none":
            values = log_likelihood_of_each(*arguments)
            result = values[:: batch.step]
        else:
            result, values, *_ = weighted_log_likelihood(*arguments, weights)
        self._check(batch, values, "its tags take an illegal step")
        likelihood: Tensor = result
        return likelihood

    def _viterbi(self, batch: _Batch, allowed: Tensor | None) -> inference.Paths:
        paths = inference.viterbi(*self._arguments(batch), legality=self._legality, allowed=allowed, check=False)
        self._check(batch, paths.scores)
        return paths

    def _arguments(self, batch: _Batch) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        emissions = _plain(batch.rows.detach()).reshape(-1, self.num_tags)
        return emissions, batch.offsets, *self._scores(emissions)

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

    def _batch(self, emissions: Tensor, mask: Tensor | None) -> _Batch:
        """Return the batch as rows (B, T, K) and the offsets of its sequences.

        Padding is not taken out: where a sequence ends, its padding begins as a sequence of its own, whose results
        nobody reads. So the number of characters need not be known here, and the device not be waited for.
        """
        if emissions.ndim != 3 or emissions.shape[2] != self.num_tags:
            order = "(B, T, K)" if self.batch_first else "(T, B, K)"
            raise InputError(f"emissions: expected {order} with K = {self.num_tags}, got {tuple(emissions.shape)}")
        rows = self._rows(emissions)
        sequences, length = rows.shape[:2]
        if length == 0:
            raise InputError("emissions: expected sequences of at least one character, got none")
        starts = torch.arange(sequences + 1, device=rows.device) * length
        if mask is None:
            return _Batch(rows, None, starts, 1, emissions.shape[:2])
        if mask.shape != emissions.shape[:2]:
            raise InputError(f"mask: expected the shape {tuple(emissions.shape[:2])}, got {tuple(mask.shape)}")
        mask = self._rows(mask.bool())
        lengths = mask.sum(1)
        if _may_look_at(mask):
            if not mask[:, :1].all():
                raise InputError("mask: expected the first character of every sequence to be on")
            if (mask[:, 1:] & ~mask[:, :-1]).any():
                raise InputError("mask: expected it on up to the end of a sequence and then off, got off and then on")
        offsets = torch.stack([starts[:-1], starts[:-1] + lengths], 1).reshape(-1)
        return _Batch(rows, mask, torch.cat([offsets, starts[-1:]]), 2, emissions.shape[:2])

    def _lists(self, batch: _Batch, tags: Tensor) -> list[list[int]]:
        text = tags.cpu().numpy().tobytes()  # waits for the device
        offsets = batch.offsets.tolist()
        return [list(text[offsets[at] : offsets[at + 1]]) for at in range(0, len(offsets) - 1, batch.step)]

    def _check(self, batch: _Batch, values: Tensor, what: str = "no legal path") -> None:
        """Raise the error of the first sequence without a value; on CUDA it is left as it is."""
        if not _may_look_at(values):
            return
        bad = ~torch.isfinite(values.detach()[:: batch.step])
        if not bad.any():
            return
        sequence = int(bad.nonzero()[0])
        first, last = batch.offsets[sequence * batch.step :][:2].tolist()
        emissions = _plain(batch.rows.detach()).reshape(-1, self.num_tags)[first:last]
        raise explain(sequence, emissions.numpy(), what)


class _Batch(NamedTuple):
    """A batch as `cws.decode` takes it.

    Attributes:
        rows: Shape (B, T, K), or (N, K) where it came packed.
        mask: Shape (B, T), or None.
        offsets: Of the sequences, and with a mask of the padding after each.
        step: How many offsets there are to a sequence: 2 with a mask.
        outer_shape: Of tags in the order they come.
    """

    rows: Tensor
    mask: Tensor | None
    offsets: Tensor
    step: int
    outer_shape: torch.Size

    def weights(self, reduction: str) -> Tensor:
        """Return how much each sequence counts; padding counts nothing."""
        count = len(self.offsets) - 1
        dtype = torch.float64 if self.rows.dtype == torch.float64 else torch.float32
        weights = torch.ones(count, dtype=dtype, device=self.rows.device)
        if self.step == 2:
            weights[1::2] = 0
        if reduction == "mean":
            weights = weights / max(count // self.step, 1)
        if reduction == "token_mean":
            characters = max(self.rows.shape[:-1].numel(), 1) if self.mask is None else self.mask.sum()
            weights = weights / characters
        return weights


def _may_look_at(tensor: Tensor) -> bool:
    """Whether checking the values costs nobody: no device has to be waited for, and no graph is broken."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()


def _plain(emissions: Tensor) -> Tensor:
    """Return the emissions in a type that the backend of their device takes."""
    if emissions.device.type == "cpu" and emissions.dtype in (torch.float16, torch.bfloat16):
        return emissions.float()
    return emissions


def _result_type(emissions: Tensor) -> torch.dtype:
    """Return float64 for float64, else float32: a sum over a batch is more than halves can hold."""
    return torch.float64 if emissions.dtype == torch.float64 else torch.float32
