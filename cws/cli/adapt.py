"""`cws adapt`: a model made one's own."""

from __future__ import annotations

import click

from cws.adaptation import Adaptation, adapt
from cws.bundled import find_model
from cws.cli.model_folder import model_folder
from cws.cli.options import CorpusPath, corpus_encoding_option, progress_option
from cws.cli.reporting import log_line, report_model, wants_progress

_SHOWN = 20  # changes


@click.command("adapt")
@click.argument("model")
@click.option("--raw", multiple=True, type=click.Path(), metavar="FILE",
              help="Raw text of the domain, the more the better; .gz, .xz and .zst are unpacked. May be"
                   " repeated.")  # fmt: skip
@click.option("--train", multiple=True, type=CorpusPath("train"), metavar="FILE|corpus:NAME",
              help="Segmented sentences of the domain, words separated by spaces; a hundred help. May be"
                   " repeated.")  # fmt: skip
@click.option("--marks", multiple=True, type=click.Path(), metavar="FILE",
              help="Sentences with readers' marks, `id TAB marked sentence`: a blank is a cut, `¦` is open. May be"
                   " repeated.")  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR", help="The folder of the new model.")
@click.option("--overwrite", is_flag=True, help="Replace the model that is in the folder, all of it.")
@click.option("--memory", default="2G", show_default=True, metavar="SIZE", help="What counting --raw may take.")
@click.option("--work-folder", type=click.Path(file_okay=False), metavar="DIR",
              help="Where an interrupted count of --raw stays; the same command goes on from there.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, metavar="N",
              help="Order of sentences, and which fifth of them shows what was won.")  # fmt: skip
@corpus_encoding_option
@progress_option
def adapt_cli(
    model: str,
    raw: tuple[str, ...],
    train: tuple[str, ...],
    marks: tuple[str, ...],
    output: str,
    overwrite: bool,
    memory: str,
    work_folder: str | None,
    seed: int,
    encoding: str,
    progress: bool | None,
) -> None:
    """Make a model of your own from one that is there.

    It takes seconds to minutes.

    MODEL is a bundled linear model (see cws models) or the folder of one. Give what you have: raw text, from which it
    learns which strings are words there; segmented sentences, of any standard; sentences with marks. The new model is
    one like any other.

    With sentences, a fifth of them is held out to show F1 before and after; the model itself learns from all. With raw
    text, what is cut otherwise now is shown.

    \b
    cws adapt general --raw reviews.txt -o my-model
    cws adapt general --train hundred-sentences.txt --raw novel.txt -o my-model
    cws segment --model my-model input.txt
    """
    if not (raw or train or marks):
        raise click.UsageError("nothing to adapt to: give --raw FILE, --train FILE or --marks FILE")
    inputs = [find_model(model)[1], *raw, *train, *marks]
    with model_folder(output, inputs, overwrite=overwrite):
        adaptation = adapt(
            model, output, raw=raw, train=train, marks=marks, seed=seed, memory=memory, work_folder=work_folder,
            encoding=encoding, show_progress=wants_progress(progress), log_line=log_line,
        )  # fmt: skip
    report(adaptation)
    report_model(output)


def report(adaptation: Adaptation) -> None:
    """Print what was won, and what is cut otherwise."""
    if adaptation.before is not None and adaptation.after is not None:
        click.echo(f"the fifth that was held out, before:\n{adaptation.before}\nafter:\n{adaptation.after}")
    for change in adaptation.changes[:_SHOWN]:
        before, after = ("/".join(words) for words in (change.before, change.after))
        click.echo(f"{change.times:6,}  {before} -> {after}   …{change.context}…")
    if len(adaptation.changes) > _SHOWN:
        click.echo(f"        and {len(adaptation.changes) - _SHOWN:,} other changes in the first of the raw text")
