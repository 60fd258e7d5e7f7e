"""Options that several commands share."""

from __future__ import annotations

import click

from cws.threads import MAX_THREADS, processors

model_option = click.option(
    "-m", "--model", default="pku", show_default=True, metavar="NAME|DIR",
    help="A bundled model (see cws models) or the folder of a trained one.",
)  # fmt: skip
threads_option = click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), default=processors,
    show_default="all processors", metavar="N", help="How many threads segment. The output is the same for any number.",
)  # fmt: skip
encoding_option = click.option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME",
    help="Encoding of the input, such as gb18030 or big5. The output is UTF-8.",
)  # fmt: skip
corpus_encoding_option = click.option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME",
    help="Encoding of the corpora and word lists, such as gb18030 or big5.",
)  # fmt: skip
errors_option = click.option(
    "--errors", type=click.Choice(["strict", "replace"]), default="strict", show_default=True,
    help="What to do with bytes that are no text: stop, or put U+FFFD in their place.",
)  # fmt: skip
progress_option = click.option(
    "--progress/--no-progress", default=None, help="Show a progress bar; without either, only on a terminal."
)
