"""The log-likelihood as operators of PyTorch that can be differentiated.

They are opaque to torch.compile, and to DistributedDataParallel operators like any other.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cws.decode.api import log_likelihood
from cws.tags import SBME

Gradients = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


@torch.library.custom_op("cws::weighted_log_likelihood", mutates_args=())
def weighted_log_likelihood(
    emissions: Tensor,
    offsets: Tensor,
    tags: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    allowed: Tensor | None,
    is_sbme: bool,
    weights: Tensor,
) -> Gradients:
    """Return the weighted sum of the log-likelihoods, each of them, and the gradient of the sum.

    The gradient is what the tags have minus what all paths have on the average, so it costs no pass of its own. Only
    the sum can be differentiated, and once.
    """
    result = log_likelihood(
        emissions, offsets, transitions, start, end,
        tags=tags, weights=weights, legality=SBME if is_sbme else None, allowed=allowed, check=False,
    )  # fmt: skip
    values = result.values
    # What has no weight, such as padding, may have no value.
    total = torch.where(weights == 0, 0, values * weights).sum()
    gradients = zip(result[1:], (emissions, transitions, start, end), strict=True)
    return total, values, *(gradient.to(like.dtype) for gradient, like in gradients)


@weighted_log_likelihood.register_fake
def _(
    emissions: Tensor, offsets: Tensor, tags: Tensor, transitions: Tensor, start: Tensor, end: Tensor,
    allowed: Tensor | None, is_sbme: bool, weights: Tensor,
) -> Gradients:  # fmt: skip
    values = transitions.new_empty(offsets.shape[0] - 1, dtype=torch.float64)
    empty = [tensor.new_empty(tensor.shape) for tensor in (emissions, transitions, start, end)]
    return values.new_empty(()), values, empty[0], empty[1], empty[2], empty[3]


def _save_gradients(ctx: torch.autograd.function.FunctionCtx, inputs: tuple[object, ...], output: Gradients) -> None:
    ctx.save_for_backward(*output[2:])
    ctx.mark_non_differentiable(*output[1:])


def _scale_gradients(ctx: torch.autograd.function.FunctionCtx, upstream: Tensor, *others: None) -> object:
    _refuse_second_derivatives()
    emissions, transitions, start, end = (upstream * one for one in ctx.saved_tensors)  # type: ignore[attr-defined]
    return emissions, None, None, transitions, start, end, None, None, None


def _refuse_second_derivatives() -> None:
    # Only create_graph=True leaves gradients on here. What it would record knows nothing of the marginals.
    if torch.is_grad_enabled():
        raise NotImplementedError("the CRF's log-likelihood has first derivatives only: leave create_graph out")


weighted_log_likelihood.register_autograd(_scale_gradients, setup_context=_save_gradients)


@torch.library.custom_op("cws::log_likelihood_of_each", mutates_args=())
def log_likelihood_of_each(
    emissions: Tensor,
    offsets: Tensor,
    tags: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    allowed: Tensor | None,
    is_sbme: bool,
) -> Tensor:
    """Return the log-likelihood of each sequence; its gradient is computed when its weights are known."""
    weights = transitions.new_ones(offsets.shape[0] - 1)
    arguments = (emissions, offsets, tags, transitions, start, end, allowed, is_sbme, weights)
    values: Tensor = weighted_log_likelihood(*arguments)[1].clone()
    return values


@log_likelihood_of_each.register_fake
def _(
    emissions: Tensor, offsets: Tensor, tags: Tensor, transitions: Tensor, start: Tensor, end: Tensor,
    allowed: Tensor | None, is_sbme: bool,
) -> Tensor:  # fmt: skip
    return transitions.new_empty(offsets.shape[0] - 1, dtype=torch.float64)


def _save_inputs(
    ctx: torch.autograd.function.FunctionCtx, inputs: tuple[Tensor | bool | None, ...], output: Tensor
) -> None:
    *tensors, is_sbme = inputs
    ctx.save_for_backward(*tensors)  # type: ignore[arg-type]
    ctx.is_sbme = is_sbme  # type: ignore[attr-defined]


def _weigh_each(ctx: torch.autograd.function.FunctionCtx, upstream: Tensor) -> object:
    _refuse_second_derivatives()
    weights = upstream.to(ctx.saved_tensors[3].dtype)  # type: ignore[attr-defined]
    arguments = (*ctx.saved_tensors, ctx.is_sbme, weights)  # type: ignore[attr-defined]
    _, _, emissions, transitions, start, end = weighted_log_likelihood(*arguments)
    return emissions, None, None, transitions, start, end, None, None


log_likelihood_of_each.register_autograd(_weigh_each, setup_context=_save_inputs)
