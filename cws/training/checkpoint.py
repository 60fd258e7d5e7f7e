"""Checkpoints: all that an interrupted training needs to end as if it had not been interrupted.

One safetensors file (no pickle), replaced at once or not at all. There are no states of random generators in it: every
draw comes from the seed and the number of the step, see loop.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from cws.errors import FileError, ModelError
from cws.files import atomic_output, file_error

CHECKPOINT_FILE = "checkpoint.safetensors"


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        identity: What the training is of: data and options, as a checksum. Others do not go on from here.
        epoch: How many epochs are complete.
        batch: How many batches of the next epoch are.
        step: How many steps of the optimiser there were.
        loss, losses: The sum of the losses of the next epoch so far, and of how many steps.
        best: The best score so far; None before the first evaluation.
        best_epoch: After how many epochs it was reached.
        scale: Of the loss, in fp16.
        history: A record of each evaluation.
    """

    identity: str
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    losses: int = 0
    best: float | None = None
    best_epoch: int = 0
    scale: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def save_checkpoint(
    folder: str,
    progress: Progress,
    model: Mapping[str, Tensor],
    optimiser: torch.optim.Optimizer,
    average: Mapping[str, Tensor],
    best: Mapping[str, Tensor],
) -> None:
    """Write a checkpoint in place of the one before.

    Raises:
        FileError: No permission, a full disk. The checkpoint before is whole then.
    """
    from safetensors.torch import save

    tensors = {f"model.{name}": tensor for name, tensor in model.items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    for at, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{at}.{name}": value for name, value in state.items() if isinstance(value, Tensor)}
    # Some models use one tensor under two names, which the format does not allow.
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise file_error(error, folder) from error
    with atomic_output(os.path.join(folder, CHECKPOINT_FILE)) as file:
        file.write(save(tensors, {"progress": json.dumps(asdict(progress))}))
        file.flush()
        os.fsync(file.fileno())  # before it takes the place of the good one


def load_checkpoint(folder: str, identity: str) -> tuple[Progress, dict[str, Tensor]] | None:
    """Return how far a training was and its tensors; None where there is no checkpoint.

    Raises:
        ModelError: A broken file, or a checkpoint of another training.
        FileError: It cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    path = os.path.join(folder, CHECKPOINT_FILE)
    if not os.path.exists(path):
        return None
    remedy = f"delete {path} to train from the beginning"
    try:
        with safe_open(path, "pt") as file:
            progress = Progress(**json.loads((file.metadata() or {})["progress"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except OSError as error:
        raise FileError(error.errno, error.strerror or str(error), path) from error
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: a broken checkpoint ({error}): {remedy}") from None
    if progress.identity != identity:
        raise ModelError(
            f"{path}: another training was interrupted here, of other data or options: give these again to go on"
            f" with it, or {remedy}"
        )
    return progress, tensors


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix and a dot, without it."""
    begin = f"{prefix}."
    return {name[len(begin) :]: tensor for name, tensor in tensors.items() if name.startswith(begin)}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser of the same groups the state in a checkpoint; the learning rates of the groups stay."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in part(tensors, "optimiser").items():
        at, key = name.split(".", 1)
        state.setdefault(int(at), {})[key] = tensor
    whole = optimiser.state_dict()
    optimiser.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def remove_checkpoint(folder: str) -> None:
    """Remove the checkpoint of a training that is complete."""
    path = os.path.join(folder, CHECKPOINT_FILE)
    if os.path.exists(path):
        os.unlink(path)
