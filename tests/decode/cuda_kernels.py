"""Compile the kernels of the CUDA backend for GPUs that need not be there, and print a line for each.

Usage: python tests/decode/cuda_kernels.py {few|all} CAPABILITY...
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["TRITON_INTERPRET"] = "0"  # read when triton is imported

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from cws.decode.cuda.kernels.chunks import chunk_matrices, group_matrices, group_scores, mark_sequences
from cws.decode.cuda.kernels.chunks_marginals import (
    chunks_backward,
    chunks_forward,
    group_rows,
    group_shares,
)
from cws.decode.cuda.kernels.chunks_viterbi import chunks_viterbi, group_maps, group_tags, trace_chunks
from cws.decode.cuda.kernels.general_marginals import general_marginals
from cws.decode.cuda.kernels.general_nbest import general_nbest
from cws.decode.cuda.kernels.general_viterbi import general_viterbi
from cws.decode.cuda.kernels.gold import gold_scores
from cws.decode.cuda.kernels.lanes_marginals import lanes_marginals
from cws.decode.cuda.kernels.lanes_viterbi import lanes_viterbi

# The type of every argument by its name; all others are float32.
TYPES = {
    "*i64": ["offsets", "last_owners"],
    "*u8": ["allowed", "befores", "tags", "marks", "resets", "group_resets", "gold"],
    "*i32": ["origins", "picked", "words", "owners", "maps", "results", "last_tags"],
    "*fp64": ["scores", "log_partition", "gold_scores", "totals", "group_totals", "entering_totals", "part_totals"],
    "i32": ["count", "sequences", "programs", "n", "chunks", "groups"],
}
TYPE = {name: kind for kind, names in TYPES.items() for name in names}


def general(size, padded, rows, warps):
    return {"SIZE": size, "PADDED": padded, "FROM": rows, "num_warps": warps}


def variants(which):
    """Kernels and their options, as `cws.decode.cuda.backend` launches them."""
    every = which == "all"
    flags = (False, True) if every else (True,)
    sizes = [(4, 4, 4, 1), (13, 16, 16, 1), (64, 64, 64, 8), (256, 256, 16, 8)] if every else [(13, 16, 16, 1)]
    for shape in sizes:
        options = general(*shape) | {"HAS_ALLOWED": True}
        yield general_viterbi, options
        yield general_marginals, options | {"HAS_GOLD": True, "PAIRWISE": False}
        yield general_marginals, options | {"HAS_GOLD": False, "PAIRWISE": True}
        if shape[0] <= 64:
            yield general_nbest, options | {"RANKS": 16}
    yield gold_scores, {"SIZE": 4, "HAS_ALLOWED": True, "BLOCK": 256, "num_warps": 2}
    yield mark_sequences, {"BLOCK": 128, "num_warps": 4}
    for is_sum in flags:
        yield group_matrices, {"LANES": 32, "RADIX": 32, "IS_SUM": is_sum}
        yield group_scores, {"LANES": 32, "RADIX": 32, "IS_SUM": is_sum}
    yield group_maps, {"LANES": 32, "RADIX": 32}
    yield group_tags, {"LANES": 32, "RADIX": 32}
    yield group_rows, {"LANES": 32, "RADIX": 32}
    yield group_shares, {"LANES": 32, "RADIX": 32}
    for lanes in (8, 16) if every else (8,):
        yield trace_chunks, {"LANES": lanes, "CHUNK": 64}
        for sbme in flags:
            for allowed in (False, True) if every else (False,):
                options = {"LANES": lanes, "IS_SBME": sbme, "HAS_ALLOWED": allowed}
                yield lanes_viterbi, options
                for gold in (False, True) if every else (True,):
                    yield lanes_marginals, options | {"LANES": 8 if lanes == 8 else 32, "HAS_GOLD": gold}
                if every:
                    options |= {"CHUNK": 64}
                    yield chunks_viterbi, options
                    yield chunks_forward, options
                    for flag in (False, True):
                        yield chunk_matrices, options | {"IS_SUM": flag}
                        yield chunks_backward, options | {"HAS_GOLD": flag}


def compiled(kernel, options, capability):
    """The binary of a kernel."""
    names = [parameter.name for parameter in kernel.params]
    constants = {name: value for name, value in options.items() if name in names}
    signature = {name: "constexpr" if name in constants else TYPE.get(name, "*fp32") for name in names}
    aligned = {(i,): [["tt.divisibility", 16]] for i, name in enumerate(names) if signature[name].startswith("*")}
    places = {(names.index(name),): value for name, value in constants.items()}
    source = ASTSource(fn=kernel, signature=signature, constexprs=places, attrs=aligned)
    target = GPUTarget("cuda", capability, 32)
    return triton.compile(source, target=target, options={"num_warps": options.get("num_warps", 1)}).asm["cubin"]


def resources(binary):
    """Registers of a thread, and bytes of its stack: where there are any, registers were spilled."""
    tool = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(binary)
        file.flush()
        report = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.search(r"REG:(\d+) STACK:(\d+)", report).groups())


def main(which, *capabilities):
    for kernel, options in variants(which):
        for capability in capabilities:
            registers, stack = resources(compiled(kernel, options, int(capability)))
            print(kernel.__name__, capability, f"registers={registers} stack={stack}", options, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
