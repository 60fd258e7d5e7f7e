"""Pretraining of encoders: a masked language model over raw text (Devlin et al. 2019), whole words masked (Cui et al.
2021), where words are those of a segmenter of this package.

`pretrain` makes a Hugging Face directory, which `load_encoder` takes, and so does transformers.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cws.errors import InputError
from cws.files import check_folder
from cws.labelers.neural.bert import load_encoder
from cws.labelers.neural.layout import WEIGHTS_FILE
from cws.training.checkpoint import CHECKPOINT_FILE, remove_checkpoint
from cws.training.loop import FitResult, fit, make_accelerator
from cws.training.pretraining.encoder_folder import new_encoder, save_encoder
from cws.training.pretraining.masking import Vocabulary, mask_words
from cws.training.pretraining.options import PretrainOptions
from cws.training.pretraining.packed_text import BEGIN, Packed, Segment, pack_text, remove_packed
from cws.training.schedule import LoopOptions, step_seed

log = logging.getLogger(__name__)


class MaskedLanguageModel(nn.Module):
    """An encoder with what predicts masked characters: the rows of its own embeddings.

    Args:
        encoder: Of transformers.
        width: Of its vectors.
        size: Of its vocabulary.
    """

    def __init__(self, encoder: Any, width: int, size: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(size))
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)

    def scores(self, ids: Tensor, places: Tensor) -> Tensor:
        """Return the logits, shape (N, size), at places in B times T of tokens (B, T)."""
        hidden = self.encoder(input_ids=ids).last_hidden_state
        hidden = hidden.reshape(-1, hidden.shape[-1])[places]
        hidden = self.norm(nn.functional.gelu(self.dense(hidden)))
        return nn.functional.linear(hidden, self.encoder.get_input_embeddings().weight, self.bias)

    def forward(self, ids: Tensor, places: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of the targets, shape (N,)."""
        if not len(places):  # a batch without Chinese text, which still has a gradient
            return self.scores(ids, ids.new_zeros(1)).sum() * 0
        return nn.functional.cross_entropy(self.scores(ids, places), targets)


class MaskedLanguageTask:
    """Masked language modelling of a packed text; a `Task` of the training loop.

    Args:
        model: What is trained.
        vocabulary: Its tokens.
        packed: The text.
        options: Of the pretraining.
        start: What the encoder began with, for the identity.
    """

    def __init__(
        self,
        model: MaskedLanguageModel,
        vocabulary: Vocabulary,
        packed: Packed,
        options: PretrainOptions,
        start: str = "",
    ) -> None:
        self.model: nn.Module = model
        self.language_model, self.vocabulary, self.packed, self.options = model, vocabulary, packed, options
        about = json.dumps([packed.checksum, asdict(options), start])
        self.identity = hashlib.sha256(about.encode()).hexdigest()
        smaller = min(len(packed.train.codes), len(packed.held_out.codes))
        if smaller < options.length:
            raise InputError(f"too little text: of a hundredth, held out, a window of {options.length} must be left")
        self.steps_per_epoch = max(1, options.steps // options.epochs)
        # As many characters as tell two epochs apart, but no more than there are.
        self.evaluated = max(1, min(32, len(packed.held_out.codes) // (options.batch_size * options.length)))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Matrices decay; vectors and embeddings do not."""
        embeddings = self.language_model.encoder.get_input_embeddings().weight
        parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        matrices = [parameter for parameter in parameters if parameter.ndim > 1 and parameter is not embeddings]
        others = [parameter for parameter in parameters if parameter.ndim == 1 or parameter is embeddings]
        shared = {"lr": self.options.learning_rate, "betas": (0.9, self.options.beta2)}
        return [
            {"params": matrices, "weight_decay": self.options.weight_decay, **shared},
            {"params": others, "weight_decay": 0.0, **shared},
        ]

    def batches(self, epoch: int) -> range:
        """Return the numbers of the steps of an epoch."""
        return range(epoch * self.steps_per_epoch, (epoch + 1) * self.steps_per_epoch)

    def inputs(self, batch: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the model sees, where it predicts, and what."""
        codes = self.packed.train.windows(batch * self.options.batch_size, self.options.batch_size, self.options.length)
        return self._masked(codes, seed, device)

    def _masked(self, codes: NDArray[np.uint16], seed: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        tokens = self.vocabulary.of_numbers[codes & (BEGIN - 1)]
        arrays = mask_words(
            tokens, codes >= BEGIN, self.vocabulary, self.options.masked, np.random.default_rng(seed)
        )  # fmt: skip
        seen, places, targets = (torch.from_numpy(array).to(device) for array in arrays)
        return seen, places, targets

    def size(self, batch: int) -> int:
        """Return how many characters a step reads."""
        return self.options.batch_size * self.options.length

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return loss and accuracy at masked places of the held-out text, each time the same ones."""
        device = self.language_model.bias.device
        loss, right, count = 0.0, 0, 0
        for at in range(self.evaluated):
            codes = self.packed.held_out.windows(
                at * self.options.batch_size, self.options.batch_size, self.options.length
            )
            seen, places, targets = self._masked(codes, step_seed(self.options.seed, at), device)
            if not len(places):
                continue
            scores = self.language_model.scores(seen, places).float()
            loss += float(nn.functional.cross_entropy(scores, targets, reduction="sum"))
            right += int((scores.argmax(1) == targets).sum())
            count += len(places)
        if not count:
            raise InputError("nothing to predict in the text: pretraining is for Chinese text")
        return {"score": -loss / count, "masked_loss": loss / count, "masked_accuracy": right / count}


def pretrain(
    paths: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    segment: Segment,
    *,
    options: PretrainOptions | None = None,
    init: str | None = None,
    device: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    stop_after: float | None = None,
    show_progress: bool = False,
    log_line: Callable[[str], None] = log.info,
) -> bool:
    """Pretrain an encoder on raw text; go on where an interrupted pretraining of the same text and options stopped.

    Args:
        paths: Text files, see `pack_text`.
        folder: Where the encoder goes, and until it is complete the checkpoint and the numbers of the text.
        segment: From texts to their words, for the masks.
        options: What encoder, and how it learns.
        init: The folder of an encoder to go on from, instead of a new one of `options.size`.
        device: `cpu`, `cuda`, ...; by default CUDA where there is some.
        encoding, errors: Of the files.
        stop_after: Seconds after which to stop, for the same call to go on from. Packing the text does not count.
        show_progress: Whether to show bars on stderr.
        log_line: Called with a line about each epoch.

    Returns:
        Whether the encoder is complete; else time was up.

    Raises:
        FileError, CorpusError, EncodingError: Of the files, or a folder that cannot be written.
        InputError: Too little text, none of it Chinese, an encoder in the folder.
        ModelError: A checkpoint of other text or options in the folder.
    """
    options, folder = options or PretrainOptions(), os.fspath(folder)
    check_folder(folder)
    if os.path.exists(path := os.path.join(folder, WEIGHTS_FILE)) and not os.path.exists(
        os.path.join(folder, CHECKPOINT_FILE)
    ):
        raise InputError(f"{path}: an encoder is there and complete: choose another folder or delete it")
    accelerator = make_accelerator(device)
    if not accelerator.is_main_process:
        show_progress, log_line = False, log.debug
    with accelerator.main_process_first():
        packed = _pack(paths, folder, segment, options.seed, encoding, errors, show_progress, log_line)
    torch.manual_seed(options.seed)
    model, vocabulary = _start(packed, options, init)
    task = MaskedLanguageTask(model, vocabulary, packed, options, init or "")
    epochs = math.ceil(options.steps / task.steps_per_epoch)
    loop = LoopOptions(epochs=epochs, patience=epochs, clip=options.clip, seed=options.seed)
    result = fit(
        task, folder, options=loop, device=device, stop_after=stop_after, show_progress=show_progress, log_line=log_line
    )
    if result.is_complete and accelerator.is_main_process:
        model.load_state_dict(result.best)
        save_encoder(folder, model.encoder, vocabulary, card(packed, options, model, result, init), init)
        remove_checkpoint(folder)
        remove_packed(folder)
    return result.is_complete


def _pack(
    paths: Sequence[str | os.PathLike[str]],
    folder: str,
    segment: Segment,
    seed: int,
    encoding: str,
    errors: str,
    show_progress: bool,
    log_line: Callable[[str], None],
) -> Packed:
    from tqdm import tqdm

    with tqdm(unit="char", unit_scale=True, desc="reading text", leave=False, disable=not show_progress) as bar:
        packed = pack_text(
            paths, folder, segment, seed=seed, encoding=encoding, errors=errors, progress=bar.update
        )  # fmt: skip
    sizes = len(packed.train.codes), len(packed.held_out.codes)
    log_line(f"{sizes[0]:,} characters to train on, {sizes[1]:,} held out, {len(packed.characters):,} different ones")
    return packed


def _start(packed: Packed, options: PretrainOptions, init: str | None) -> tuple[MaskedLanguageModel, Vocabulary]:
    if init is None:
        vocabulary = Vocabulary.of_text(packed)
        encoder = new_encoder(vocabulary, options.size)
    else:
        encoder, tokenizer, tokens = load_encoder(init)
        mask = tokenizer.mask_token_id
        if mask is None:
            raise InputError(f"encoder {init!r}: its tokenizer has no mask: take one of a masked language model")
        if (most := encoder.config.max_position_embeddings) < options.length:
            raise InputError(f"encoder {init!r} reads {most} characters at most: choose a length up to that")
        vocabulary = Vocabulary.of_encoder(packed, tokens, mask, encoder.config.vocab_size)
    width = encoder.get_input_embeddings().weight.shape[1]
    return MaskedLanguageModel(encoder, width, vocabulary.size), vocabulary


def card(
    packed: Packed, options: PretrainOptions, model: MaskedLanguageModel, result: FitResult, init: str | None
) -> str:
    """Return the card of an encoder: what it is, what it read, how well it predicts."""
    config = model.encoder.config
    rows = [f"| {os.path.basename(part.path)} | {part.lines:,} | {part.end - part.begin - 2 * part.lines:,} |"
            for part in packed.train.parts]  # fmt: skip
    figures = [f"| {record['step']:,} | {record['loss']:.3f} | {record['masked_loss']:.3f} |"
               f" {100 * record['masked_accuracy']:.1f} % |" for record in result.history]  # fmt: skip
    parameters = sum(parameter.numel() for parameter in model.encoder.parameters())
    steps = result.history[-1]["step"]
    characters = steps * options.batch_size * options.length
    start = "" if init is None else f"It began as `{init}`. "
    return f"""# {config.num_hidden_layers} layers of {config.hidden_size}: a masked language model of Chinese

Architecture {config.model_type}, {parameters:,} parameters in float16, {config.vocab_size:,} tokens,
each one character. It reads folded text: traditional characters simplified, capitals small, every letter `a` and every
digit `0`, as `cws.text.fold` makes it; `cws.labelers.neural.bert.load_encoder` does this by itself.

{start}Made with `cws pretrain`: {steps:,} steps of {options.batch_size} windows of {options.length} characters
({characters:,} in all), whole words masked, {100 * options.masked:.0f} % of the characters; learning rate
{options.learning_rate}, seed {options.seed}; on {_machine()}. A file of n characters is read in proportion to
the square root of n.

| text | lines | characters |
|---|---|---|
{chr(10).join(rows)}

Loss on the text, loss and accuracy at masked places of the hundredth of the lines that was held out (by the mean of
the latest weights):

| step | loss | held out | right |
|---|---|---|---|
{chr(10).join(figures)}
"""


def _machine() -> str:
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"{torch.get_num_threads()} threads of a CPU ({platform.machine()})"
