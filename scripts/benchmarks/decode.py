"""Measure cws.decode and cws.crf.CRF against pytorch-crf on the same tensors; write docs/figures/benchmark_decode.*.

    pip install ".[bench]"
    python -m scripts.benchmarks.decode            # the processor; and the GPU, where there is one

Speeds are medians of alternating runs and given as ratios. What runs on no GPU here keeps the figures of the last run
that had one. On a GPU, speed is also given as a share of what the card copies, counting each byte that must be read or
written once: 4 bytes a score and 1 byte a tag.
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

from cws import decode
from cws.crf import CRF
from cws.decode import Legality
from cws.tags import SBME
from scripts.measuring import alternate, made_by, output_option, read_json, setting, write_figures, write_json

try:
    from torchcrf import CRF as PytorchCRF
except ImportError:  # a machine with a GPU and nothing else
    PytorchCRF = None  # type: ignore[assignment, misc]

THREADS = 2
RUNS = 15


def random_batch(sequences: int, length: int, tags: int, device: str) -> tuple[Tensor, Tensor]:
    """Return emissions (B, T, K) and offsets."""
    torch.manual_seed(0)
    emissions = torch.randn(sequences, length, tags, device=device)
    return emissions, torch.arange(sequences + 1, device=device) * length


def pair(tags: int, device: str) -> tuple[CRF, Any]:
    """Return our layer and theirs, with the same parameters."""
    ours = CRF(tags, batch_first=True).to(device)
    if PytorchCRF is None:
        return ours, None
    theirs = PytorchCRF(tags, batch_first=True).to(device)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def scores_of(layer: CRF) -> tuple[Tensor, Tensor, Tensor]:
    return layer.transitions.detach(), layer.start_transitions.detach(), layer.end_transitions.detach()


def loss_step(layer: Any, emissions: Tensor, tags: Tensor) -> Callable[[], Tensor]:
    """Return one step of training: the loss and all gradients."""

    def step() -> Tensor:
        leaf = emissions.detach().requires_grad_()
        (-layer(leaf, tags, reduction="mean")).backward()
        assert leaf.grad is not None
        return leaf.grad

    return step


def measure_cpu() -> dict[str, Any]:
    torch.set_num_threads(THREADS)
    rows = []
    for sequences, length, size in ((256, 128, 4), (32, 512, 4), (64, 128, 64)):
        emissions, offsets = random_batch(sequences, length, size, "cpu")
        ours, theirs = pair(size, "cpu")
        packed = emissions.reshape(-1, size)
        tags = torch.randint(0, size, (sequences, length))
        characters = sequences * length

        def viterbi(
            legality: Legality | None, packed: Tensor = packed, offsets: Tensor = offsets, ours: CRF = ours
        ) -> decode.Paths:
            return decode.viterbi(packed, offsets, *scores_of(ours), legality=legality, threads=THREADS)

        with torch.no_grad():
            assert ours.decode(emissions) == theirs.decode(emissions)
        torch.testing.assert_close(loss_step(ours, emissions, tags)(), loss_step(theirs, emissions, tags)())
        actions: dict[str, Callable[[], object]] = {
            "pytorch-crf decode": lambda theirs=theirs, emissions=emissions: theirs.decode(emissions),
            "cws.decode.viterbi": lambda viterbi=viterbi: viterbi(None),
            "CRF.decode (lists)": lambda ours=ours, emissions=emissions: ours.decode(emissions),
            "pytorch-crf loss": loss_step(theirs, emissions, tags),
            "CRF loss": loss_step(ours, emissions, tags),
        }
        if size == 4:
            actions["cws.decode.viterbi, legality SBME"] = lambda viterbi=viterbi: viterbi(SBME)
        seconds = dict(zip(actions, alternate(*actions.values(), runs=RUNS), strict=True))
        for name, took in seconds.items():
            if name.startswith("pytorch-crf"):
                continue
            peer = "pytorch-crf loss" if "loss" in name else "pytorch-crf decode"
            rows.append(
                {
                    "shape": f"K={size}, B={sequences}, T={length}",
                    "what": name + (", forward + backward" if "loss" in name else ""),
                    "characters_per_second": characters / took,
                    "peer": peer,
                    "peer_characters_per_second": characters / seconds[peer],
                }
            )
    return {"setting": setting("cws", "torch", "pytorch-crf"), "threads": THREADS, "rows": rows}


def cuda_seconds(*actions: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Return the median seconds of each action on the device, in turns after three that are not counted."""
    seconds: list[list[float]] = [[] for _ in actions]
    for turn in range(runs + 3):
        for at, action in enumerate(actions):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            action()
            end.record()
            torch.cuda.synchronize()
            if turn >= 3:
                seconds[at].append(begin.elapsed_time(end) / 1e3)
    return [statistics.median(one) for one in seconds]


def compiled_viterbi(emissions: Tensor, transitions: Tensor) -> Callable[[], Tensor]:
    """Return the same recursion as PyTorch has it, each step compiled."""

    @torch.compile  # type: ignore[untyped-decorator]
    def step(best: Tensor, emission: Tensor) -> tuple[Tensor, Tensor]:
        candidates, before = (best[:, :, None] + transitions).max(1)
        return candidates + emission, before

    @torch.compile  # type: ignore[untyped-decorator]
    def back(before: Tensor, tag: Tensor) -> Tensor:
        return before.gather(1, tag)

    def run() -> Tensor:
        best, befores = emissions[:, 0].clone(), []
        for at in range(1, emissions.shape[1]):
            best, before = step(best, emissions[:, at])
            befores.append(before)
        tags = [best.argmax(1, keepdim=True)]
        for before in reversed(befores):
            tags.append(back(before, tags[-1]))
        return torch.cat(tags[::-1], 1)

    return run


def copy_bandwidth(device: str) -> float:
    """Return the bytes that are read and written in a second when a gigabyte is copied."""
    block = torch.empty(1 << 28, device=device)
    other = torch.empty_like(block)
    (took,) = cuda_seconds(lambda: other.copy_(block))
    return 2 * block.nbytes / took


def measure_cuda() -> dict[str, Any]:
    device = "cuda"
    bandwidth = copy_bandwidth(device)
    rows: list[dict[str, Any]] = []

    def viterbi(sequences: int, length: int, size: int, legality: Legality | None) -> tuple[float, Tensor, Tensor]:
        emissions, offsets = random_batch(sequences, length, size, device)
        scores = scores_of(CRF(size).to(device))
        packed = emissions.reshape(-1, size)
        (took,) = cuda_seconds(lambda: decode.viterbi(packed, offsets, *scores, legality=legality))
        found = decode.viterbi(packed[: 1000 * length], offsets[:1001], *scores, legality=legality)
        expected = decode.viterbi(
            packed[: 1000 * length].cpu(), offsets[:1001].cpu(), *(one.cpu() for one in scores), legality=legality
        )
        torch.testing.assert_close(found.scores.cpu(), expected.scores, rtol=1e-5, atol=1e-3)
        return took, emissions, scores[0]

    for sequences, length in ((4096, 512), (1, 16_000_000)):
        for legality in (SBME, None):
            took, *_ = viterbi(sequences, length, 4, legality)
            characters = sequences * length
            rows.append(
                {
                    "shape": f"K=4, B={sequences}, T={length}",
                    "what": "Viterbi" + (", legality SBME" if legality else ""),
                    "characters_per_second": characters / took,
                    "share_of_copy": characters * 17 / took / bandwidth,
                }
            )
    emissions, _ = random_batch(4096, 128, 4, device)
    tags = torch.randint(0, 4, (4096, 128), device=device)
    ours, theirs = pair(4, device)
    row: dict[str, Any] = {"shape": "K=4, B=4096, T=128", "what": "CRF loss, forward + backward"}
    if theirs is None:
        (took,) = cuda_seconds(loss_step(ours, emissions, tags))
    else:
        took, peer = cuda_seconds(loss_step(ours, emissions, tags), loss_step(theirs, emissions, tags))
        row |= {"peer": "pytorch-crf loss", "peer_characters_per_second": tags.numel() / peer}
    rows.append(row | {"characters_per_second": tags.numel() / took})

    took, emissions, transitions = viterbi(1024, 128, 64, None)
    (peer,) = cuda_seconds(compiled_viterbi(emissions, transitions))
    rows.append(
        {
            "shape": "K=64, B=1024, T=128",
            "what": "Viterbi",
            "characters_per_second": 1024 * 128 / took,
            "peer": "the recursion under torch.compile",
            "peer_characters_per_second": 1024 * 128 / peer,
        }
    )
    made = setting("cws", "torch", "triton", "pytorch-crf")
    return {"setting": made, "card": torch.cuda.get_device_name(), "copy_bytes_per_second": bandwidth, "rows": rows}


def render(results: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    lines = ["# Decoding: cws.decode and the CRF layer", ""]
    cpu = results["cpu"]
    lines += [
        made_by("python -m scripts.benchmarks.decode", cpu["setting"]),
        "Speeds are medians of alternating runs in one process, checks of the arguments included; compare the ratios.",
        "",
        f"## Processor, {cpu['threads']} threads (million characters/s)",
        "",
        *_table(cpu["rows"]),
        "",
        "## CUDA",
        "",
    ]
    cuda = results.get("cuda")
    if cuda is None:
        lines += ["Not measured: no run of the script has had a GPU yet."]
    else:
        lines += [
            made_by("python -m scripts.benchmarks.decode", cuda["setting"]),
            f"Card: {cuda['card']}, which copies {cuda['copy_bytes_per_second'] / 1e12:.2f} TB/s (read and written).",
            "",
            *_table(cuda["rows"]),
        ]
    return "\n".join(lines) + "\n"


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| shape | what | cws | peer | ratio | share of copying |", "|---|---|---:|---:|---:|---:|"]
    for row in rows:
        peer = ratio = share = ""
        if "peer" in row:
            peer = f"{row['peer']} {row['peer_characters_per_second'] / 1e6:.2f}"
            ratio = f"{row['characters_per_second'] / row['peer_characters_per_second']:.0f}×"
        if "share_of_copy" in row:
            share = f"{row['share_of_copy']:.0%}"
        speed = f"{row['characters_per_second'] / 1e6:.1f}"
        lines.append(f"| {row['shape']} | {row['what']} | {speed} | {peer} | {ratio} | {share} |")
    return lines


@click.command(help=__doc__)
@output_option
@click.option("--cpu/--no-cpu", default=True, help="Measure the processor.")
@click.option("--cuda/--no-cuda", default=torch.cuda.is_available(), help="Measure the GPU.")
def main(output: Path, cpu: bool, cuda: bool) -> None:
    warnings.filterwarnings("ignore", module="torchcrf")
    path = output / "benchmark_decode.json"
    results = read_json(path) or {"cpu": None, "cuda": None}
    if cpu:
        results["cpu"] = measure_cpu()
    if cuda:
        results["cuda"] = measure_cuda()
    write_json(path, results)
    if results["cpu"]:
        write_figures(output, path.stem, results, render(results))


if __name__ == "__main__":
    main()
