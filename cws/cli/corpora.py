"""`cws corpora`: public corpora, from their source to segmented text."""

from __future__ import annotations

import click

from cws.cli.options import progress_option
from cws.cli.reporting import wants_progress
from cws.cli.suggestions import SuggestingGroup
from cws.corpora import Recipe, get, is_fetched, read_recipe, recipe_names


@click.group("corpora", cls=SuggestingGroup)
def corpora_cli() -> None:
    """Fetch public corpora, on their terms, as segmented text.

    \b
    cws corpora list
    cws corpora get ud-gsdsimp                          says its terms and its sum; writes nothing yet
    cws corpora get ud-gsdsimp --accept SUM             writes it
    cws train --train corpus:ud-gsdsimp -o my-model     learns from it
    cws evaluate my-model corpus:ud-gsdsimp             and is scored on its test part

    They are kept in the folder get/ of what CWS_CORPORA names, else of ~/.cache/cws. Where a corpus is expected,
    corpus:NAME means the part that fits there, and corpus:NAME/train, /dev or /test that part.
    """


@corpora_cli.command("list")
def list_cli() -> None:
    """List the corpora; a star marks those that were fetched."""
    recipes = [read_recipe(name) for name in recipe_names()]
    for recipe in recipes:
        star = "*" if is_fetched(recipe.name) else " "
        click.echo(f"{star} {recipe.name:10}  {recipe.holds:14}  {'/'.join(recipe.parts):14}  {recipe.title}")


@corpora_cli.command("show")
@click.argument("name")
def show_cli(name: str) -> None:
    """Print what is known of a corpus: content, source, licence and terms."""
    click.echo(describe(read_recipe(name)))


@corpora_cli.command("get")
@click.argument("name")
@click.option("--from", "source", type=click.Path(), metavar="FILE|DIR",
              help="Take what you have: the archive, a file of it, or a folder with them.")  # fmt: skip
@click.option("--accept", metavar="SUM",
              help="The SHA-256 of the files, printed without it: you take these bytes for right.")  # fmt: skip
@progress_option
def get_cli(name: str, source: str | None, accept: str | None, progress: bool | None) -> None:
    """Download a corpus, or convert the copy you have.

    \b
    cws corpora get pku                                 downloads; prints the sum of what came
    cws corpora get pku --accept SUM                    downloads again, and writes it if the sum is the same
    cws corpora get pku --from icwb2-data.zip --accept SUM
    cws corpora get pfr --from 199801.txt --accept SUM

    The terms come first, on stderr: who goes on agrees to them. Where the recipe has a sum it is checked. Where it has
    none, nothing is written before you give the sum by --accept. The sum of several files is what `sha256sum FILE… |
    sha256sum` prints.
    """
    recipe = read_recipe(name)
    click.echo(f"{recipe.title}\nlicence: {recipe.licence}\nterms: {recipe.terms}", err=True)
    result = get(recipe, source, accept=accept, show_bar=wants_progress(progress))
    for part, counts in result.parts.items():
        click.echo(f"{part:5}  {', '.join(f'{value:,} {key}' for key, value in counts.items())}")
    for part in recipe.parts.keys() - result.parts.keys():
        click.echo(f"{part:5}  not in {source}")
    click.echo(f"written to {result.folder}")


def describe(recipe: Recipe) -> str:
    """Return all fields of a recipe as text."""
    lines = [
        recipe.title,
        "",
        recipe.about,
        "",
        f"has       {recipe.holds}, in {', '.join(recipe.parts)}",
        f"homepage  {recipe.homepage}",
        f"licence   {recipe.licence}",
        f"terms     {recipe.terms}",
        f"cite      {recipe.cite}",
        *(f"download  {one.url}\nsha256    {one.sha256 or 'not known'}" for one in recipe.downloads),
        *(() if recipe.downloads else ("download  no public address: give your copy by --from",)),
        f"fetched   {'yes' if is_fetched(recipe.name) else f'no: cws corpora get {recipe.name}'}",
    ]
    return "\n".join(lines)
