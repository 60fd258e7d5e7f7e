"""How precisely PyTorch trains; apart from the loop, so that the command line can name them without importing torch."""

PRECISIONS = ("auto", "no", "bf16", "fp16")  # accelerate's names; auto is bf16 on CUDA that has it, else no
