"""How long and how fast a training goes: its options, the learning rate at each step, the seed of each draw."""

from __future__ import annotations

from dataclasses import dataclass

from cws.errors import InputError

PRECISIONS = ("auto", "no", "bf16", "fp16")
_MASK = (1 << 63) - 1


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """What the training loop needs to know; the options of a training that uses it are a subclass.

    Raises:
        InputError: A value out of its range.
    """

    epochs: int = 20  # at most: models that are not pretrained stop before, by patience
    patience: int = 4  # epochs without a better score before training stops; one or two may be chance
    warmup: float = 0.05  # the share of the steps in which learning rates rise, while AdamW has seen little yet
    floor: float = 0.02  # what is left of the learning rates at the end of the straight line down
    weight_decay: float = 0.01  # AdamW's own default
    clip: float = 5.0  # the length of the gradient at most: one strange batch must not undo an epoch
    averaging: float = 0.999  # how much of the mean weights, which are evaluated and kept, stays in a step; 0: no mean
    precision: str = "auto"  # bf16 on CUDA that has it, which is faster, else no; or one of PRECISIONS
    checkpoint_seconds: float = 60.0  # between checkpoints: what an interruption costs at most
    seed: int = 1  # of all that is drawn

    def __post_init__(self) -> None:
        for name, allowed in (
            ("epochs", self.epochs >= 1),
            ("patience", self.patience >= 1),
            ("warmup", 0 <= self.warmup < 1),
            ("floor", 0 <= self.floor <= 1),
            ("clip", self.clip > 0),
            ("averaging", 0 <= self.averaging < 1),
            ("precision", self.precision in PRECISIONS),
            ("seed", 0 <= self.seed < 2**32),
        ):
            if not allowed:
                raise InputError(f"{name} of a training cannot be {getattr(self, name)!r}: see LoopOptions")


def step_seed(seed: int, *numbers: int) -> int:
    """Return a seed for what is drawn at a place that has these numbers, unlike those of other places."""
    mixed = seed + 1
    for number in numbers:
        mixed = (mixed * 0x9E3779B97F4A7C15 + number + 1) & ((1 << 64) - 1)
        mixed = ((mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9) & ((1 << 64) - 1)
        mixed ^= mixed >> 32
    return mixed & _MASK


def learning_rate_factor(step: int, steps: int, options: LoopOptions) -> float:
    """Return what every group's own learning rate is multiplied with at a step of all steps."""
    warm = max(1, round(options.warmup * steps))
    if step < warm:
        return (step + 1) / warm
    left = max(0.0, (steps - step) / max(1, steps - warm))
    return options.floor + (1 - options.floor) * left
