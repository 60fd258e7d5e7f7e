"""Groups of the optimiser, the schedule of learning rates, batches and seeds."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tiny_neural import every_kind, train

from cws import model_io

torch = pytest.importorskip("torch", reason="needs torch")

from cws.labelers.neural.storage import load_neural  # noqa: E402
from cws.training.batches import bucketed_batches  # noqa: E402
from cws.training.schedule import LoopOptions, learning_rate_factor, step_seed  # noqa: E402
from cws.training.tagging import parameter_groups  # noqa: E402


@every_kind
def test_groups_hold_every_parameter_once(models, kind):
    labeler = load_neural(models[kind], model_io.read_config(models[kind])).labeler
    groups = parameter_groups(labeler, 1e-3, 100)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(map(id, labeler.parameters()))
    new = [2e-3] if kind.startswith("bert") else []  # of the features, which are not pretrained
    assert [group["lr"] for group in groups] == [1e-3, *new, *([0.1] if kind.endswith("-crf") else [])]


def test_groups_keep_their_ratio_at_every_step(models):
    lines = Path(models["bert-crf"], "history.jsonl").read_text("utf-8").splitlines()
    learning_rates = [json.loads(line)["learning_rates"] for line in lines]
    assert all(crf == pytest.approx(100 * encoder) for encoder, _, crf in learning_rates)
    assert all(features == pytest.approx(2e-3 / 0.02 * encoder) for encoder, features, _ in learning_rates)
    assert len({encoder for encoder, *_ in learning_rates}) == len(learning_rates)  # they fall


def test_learning_rates_rise_and_fall():
    loop = LoopOptions(warmup=0.2, floor=0.1)
    factors = [learning_rate_factor(step, 50, loop) for step in range(60)]
    assert factors[0] == pytest.approx(0.1) and factors[9] == 1
    assert factors[:10] == sorted(factors[:10]) and factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[-1] == pytest.approx(0.1)


def test_multiplier_changes_the_matrix(tmp_path, encoder):
    moved = []
    for multiplier in (0, 1, 100):
        folder = tmp_path / str(multiplier)
        train("cnn-crf", folder, encoder, crf_lr_multiplier=multiplier, averaging=0)
        crf = load_neural(folder, model_io.read_config(folder)).labeler.crf
        moved.append(crf.transitions.detach())
    torch.manual_seed(1)
    assert moved[0].abs().max() <= 0.1  # as they were drawn
    steps = [(matrix - moved[0]).abs().max() for matrix in moved[1:]]
    assert 0 < steps[0] < steps[1] / 10


@pytest.mark.parametrize("most", [1, 40, 10_000])
def test_batches_hold_every_row_once(most):
    lengths = np.array([1, 5, 5, 30, 2, 7, 90, 3] * 20, np.int64)
    batches = bucketed_batches(lengths, most, 5)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(rows) == 1 or len(rows) * lengths[rows].max() <= most for rows in batches)
    again = bucketed_batches(lengths, most, 5)
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))
    assert [rows.tolist() for rows in bucketed_batches(lengths, most, 6)] != [rows.tolist() for rows in batches]


def test_step_seeds_differ():
    assert len({step_seed(*numbers) for numbers in product(range(20), repeat=3)}) == 20**3
