"""The training loop of everything that PyTorch differentiates, on accelerate: `fit`.

A training is epochs of batches, with an evaluation after each epoch. Which batches an epoch has, and every random draw
of a step (dropout, masks), follow from the seed and the numbers of epoch and step. So a training that was killed goes
on from its last checkpoint and ends with the same weights, bit for bit on the same device.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from cws.errors import InputError
from cws.training.checkpoint import Progress, load_checkpoint, part, restore_optimiser, save_checkpoint
from cws.training.history import write_history
from cws.training.schedule import LoopOptions, learning_rate_factor, step_seed

log = logging.getLogger(__name__)


class Task(Protocol):
    """What is trained, on what."""

    model: nn.Module  # called with what `inputs` returns, it returns the loss, a mean
    identity: str  # a checksum of data and options

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the groups of the optimiser, each with its own learning rate `lr`."""
        ...

    def batches(self, epoch: int) -> Sequence[Any]:
        """Return the batches of an epoch, which depend on nothing but its number."""
        ...

    def inputs(self, batch: Any, seed: int, device: torch.device) -> tuple[Any, ...]:
        """Return the arguments of the model."""
        ...

    def size(self, batch: Any) -> int:
        """Return how many characters a batch has."""
        ...

    def evaluate(self) -> dict[str, float]:
        """Return the figures of the model as it is; `score` is the one to choose by, the higher the better."""
        ...


@dataclass(frozen=True)
class FitResult:
    """What `fit` returns.

    Attributes:
        best: The weights of the best epoch, on the CPU; empty while a training is not complete.
        history: A record of each evaluation.
        is_complete: Whether the training came to its end; else it was stopped after `stop_after`.
    """

    best: dict[str, Tensor]
    history: list[dict[str, Any]]
    is_complete: bool


def fit(
    task: Task,
    folder: str,
    *,
    options: LoopOptions | None = None,
    device: str | None = None,
    stop_after: float | None = None,
    show_progress: bool = False,
    log_line: Callable[[str], None] = log.info,
) -> FitResult:
    """Train a model; go on where an interrupted training of the same task stopped.

    Args:
        task: What is trained. Its model has the last weights in the end.
        folder: Where checkpoint and history go.
        options: How long and how fast.
        device: `cpu`, `cuda`, ...; by default CUDA where there is some. Under `accelerate launch` every process calls.
        stop_after: Seconds after which to stop with a checkpoint, for the same call to go on from.
        show_progress: Whether to show a bar on stderr.
        log_line: Called with a line about each epoch.

    Raises:
        InputError: A loss that is no number any more.
        ModelError: A checkpoint of another training in the folder.
        FileError: The folder cannot be written.
    """
    return _Fit(task, folder, options or LoopOptions(), device, stop_after, show_progress, log_line).run()


class _Fit:
    def __init__(
        self,
        task: Task,
        folder: str,
        options: LoopOptions,
        device: str | None,
        stop_after: float | None,
        show_progress: bool,
        log_line: Callable[[str], None],
    ) -> None:
        self.task, self.folder, self.options = task, folder, options
        self.accelerator = make_accelerator(device, options.precision)
        self.log_line = log_line if self.accelerator.is_main_process else lambda line: None
        self.show_progress = show_progress and self.accelerator.is_main_process
        self.deadline = math.inf if stop_after is None else time.monotonic() + stop_after
        self.saved_at = time.monotonic()
        optimiser = torch.optim.AdamW(task.parameter_groups(), weight_decay=options.weight_decay, fused=True)
        self.steps = options.epochs * math.ceil(len(task.batches(0)) / self.accelerator.num_processes)
        self.learning_rates = [group["lr"] for group in optimiser.param_groups]
        self.raw = task.model
        self.model, self.optimiser = self.accelerator.prepare(task.model, optimiser)
        self.names = [name for name, parameter in self.raw.named_parameters() if parameter.requires_grad]
        self.progress = Progress(task.identity)
        self.average: dict[str, Tensor] = {}
        self.best: dict[str, Tensor] = {}
        self.writer = _tensorboard(folder) if self.accelerator.is_main_process else None
        self._resume()

    def _resume(self) -> None:
        found = load_checkpoint(self.folder, self.task.identity)
        if found is None:
            if self.options.averaging:
                self.average = {name: tensor.detach().clone() for name, tensor in self._parameters()}
            return
        self.progress, tensors = found
        self.raw.load_state_dict(part(tensors, "model"))
        restore_optimiser(self.optimiser.optimizer, tensors)
        device = self.accelerator.device
        self.average = {name: tensor.to(device) for name, tensor in part(tensors, "average").items()}
        self.best = part(tensors, "best")
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(self.progress.scale)
        self.log_line(f"going on after epoch {self.progress.epoch}, step {self.progress.step:,}")

    def run(self) -> FitResult:
        try:
            return self._run()
        finally:
            if self.writer:
                self.writer.close()

    def _run(self) -> FitResult:
        while not self._is_complete():
            is_whole = self._run_epoch()
            if is_whole:
                self._end_epoch()
            if not is_whole or (self._is_late() and not self._is_complete()):
                self.log_line(
                    f"stopped at step {self.progress.step:,} of {self.steps:,}: the same command goes on from here"
                )
                return FitResult({}, self.progress.history, False)
        return FitResult(self.best, self.progress.history, True)

    def _is_late(self) -> bool:
        is_late = time.monotonic() > self.deadline
        if self.accelerator.num_processes == 1 or self.deadline == math.inf:
            return is_late
        if is_late:
            self.accelerator.set_trigger()
        late_somewhere: bool = self.accelerator.check_trigger()  # waits for all, so that all stop at the same step
        return late_somewhere

    def _is_complete(self) -> bool:
        return self.progress.epoch >= self.options.epochs or self._is_past_best()

    def _is_past_best(self) -> bool:
        return (
            self.progress.epoch - self.progress.best_epoch >= self.options.patience and self.progress.best is not None
        )

    def _run_epoch(self) -> bool:
        """Train on what is left of an epoch's batches; return False where time is up before its end."""
        batches = self.task.batches(self.progress.epoch)
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        self.model.train()
        total = torch.full((), self.progress.loss, device=self.accelerator.device)
        begun, characters = time.perf_counter(), 0
        with self._bar(batches) as advance:
            while self.progress.batch < len(batches):
                # Where the last batches are fewer than the processes, some are taken twice.
                batch = batches[(self.progress.batch + rank) % len(batches)]
                loss = self._step(batch)
                total += loss
                self.progress.losses += 1
                size = sum(map(self.task.size, batches[self.progress.batch : self.progress.batch + processes]))
                characters += size
                self.progress.batch += processes
                advance(size)
                if self.progress.losses % 50 == 0:
                    self._check_loss(total)
                is_late = self._is_late() and self.progress.batch < len(batches)
                if is_late or time.monotonic() - self.saved_at > self.options.checkpoint_seconds:
                    self.progress.loss = self._check_loss(total)
                    self._save()
                if is_late:
                    return False
        self.mean_loss = self._check_loss(total) / self.progress.losses
        self.characters_per_second = characters / (time.perf_counter() - begun)
        return True

    def _step(self, batch: Any) -> Tensor:
        seed = step_seed(self.options.seed, self.progress.step, self.accelerator.process_index)
        torch.manual_seed(seed)  # of dropout; so no state of a generator has to be kept
        loss: Tensor = self.model(*self.task.inputs(batch, seed, self.accelerator.device))
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.options.clip)
        factor = learning_rate_factor(self.progress.step, self.steps, self.options)
        for group, learning_rate in zip(self.optimiser.param_groups, self.learning_rates, strict=True):
            group["lr"] = learning_rate * factor
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        if self.average:
            # In the beginning the mean is of few steps, so that it does not remember the start.
            kept = min(self.options.averaging, self.progress.step / (self.progress.step + 10))
            current = dict(self._parameters())
            torch._foreach_lerp_(list(self.average.values()), [current[name] for name in self.average], 1 - kept)
        return loss.detach()

    def _parameters(self) -> Iterator[tuple[str, Tensor]]:
        wanted = set(self.names)
        return ((name, tensor.detach()) for name, tensor in self.raw.named_parameters() if name in wanted)

    def _check_loss(self, total: Tensor) -> float:
        value = float(total)  # waits for the device
        if not math.isfinite(value):
            raise InputError(
                f"the loss is {value} before step {self.progress.step:,}: train with a lower learning rate, or in full"
                " precision"
            )
        return value

    def _end_epoch(self) -> None:
        progress = self.progress
        progress.epoch, progress.batch, progress.loss, progress.losses = progress.epoch + 1, 0, 0.0, 0
        with self._averaged():
            self.model.eval()
            figures = self.task.evaluate()
            better = progress.best is None or figures["score"] > progress.best
            if better:
                progress.best, progress.best_epoch = figures["score"], progress.epoch
                self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.raw.state_dict().items()}
        record = {
            "epoch": progress.epoch,
            "step": progress.step,
            "loss": self.mean_loss,
            **figures,
            "learning_rates": [group["lr"] for group in self.optimiser.param_groups],
        }
        progress.history.append(record)
        if self.writer:
            for name, value in {"loss": self.mean_loss, **figures}.items():
                self.writer.add_scalar(name, value, progress.step)
        self._save()
        shown = ", ".join(f"{name} {100 * value:.2f}" if name == "f1" else f"{name} {value:.4f}"
                          for name, value in figures.items() if name != "score")  # fmt: skip
        self.log_line(
            f"epoch {progress.epoch:2}: loss {self.mean_loss:.4f}, {shown},"
            f" {self.characters_per_second:,.0f} characters/s" + (" (best)" if better else "")
        )

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the mean of the weights in the model for the time being."""
        current = {name: tensor.clone() for name, tensor in self._parameters()} if self.average else {}
        _assign(self.raw, self.average)
        yield
        _assign(self.raw, current)

    def _save(self) -> None:
        self.saved_at = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        if self.accelerator.scaler is not None:
            self.progress.scale = self.accelerator.scaler.state_dict()
        save_checkpoint(
            self.folder, self.progress, self.raw.state_dict(), self.optimiser.optimizer, self.average, self.best
        )
        write_history(self.folder, self.progress.history)

    @contextmanager
    def _bar(self, batches: Sequence[Any]) -> Iterator[Callable[[int], object]]:
        if not self.show_progress:
            yield lambda size: None
            return
        from tqdm import tqdm

        total, before = (sum(map(self.task.size, part)) for part in (batches, batches[: self.progress.batch]))
        name = f"epoch {self.progress.epoch + 1} of {self.options.epochs}"
        with tqdm(total=total, initial=before, unit="char", unit_scale=True, desc=name, leave=False) as bar:
            yield bar.update


def make_accelerator(device: str | None, precision: str = "auto") -> Any:
    """Return accelerate's Accelerator for a device.

    Raises:
        InputError: The device is not there, or cannot do this precision.
    """
    from accelerate import Accelerator

    if device is not None and device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device {device}: PyTorch finds no CUDA device here: leave --device out, or give cpu")
    is_cuda = torch.cuda.is_available() if device is None else device.startswith("cuda")
    if precision == "auto":
        precision = "bf16" if is_cuda and torch.cuda.is_bf16_supported() else "no"
    if is_cuda and device is not None and torch.device(device).index is not None:
        torch.cuda.set_device(device)  # accelerate takes the one that is set
    if precision == "fp16" and not is_cuda:
        raise InputError("fp16 needs a CUDA device: leave --precision out")
    return Accelerator(mixed_precision=precision, cpu=not is_cuda)


def _assign(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in weights.items():
            parameters[name].copy_(tensor)


def _tensorboard(folder: str) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # it is not installed
        return None
    return SummaryWriter(os.path.join(folder, "tensorboard"))
