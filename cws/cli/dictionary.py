"""`cws dictionary`: user dictionaries as files that load at once, and in the formats of others."""

from __future__ import annotations

import os

import click

from cws.cli.reporting import log_line
from cws.cli.suggestions import SuggestingGroup
from cws.files import atomic_output, check_output
from cws.segmenter import DICTIONARY_FILE
from cws.user_dictionary import UserDictionary
from cws.user_dictionary.text_format import FORMATS, format_entries


@click.group("dictionary", cls=SuggestingGroup)
def dictionary_cli() -> None:
    """Compile user dictionaries, or convert them.

    A text file has an entry a line, `word [weight|!|-] [label]`:

    \b
    网易杭研大厦 !          always one word, wherever it stands
    云计算                  decided: one word wherever the model could cut at its two ends
    机器学习 3.5 TERM       evidence: so much likelier one word, in nats from -100 to 100; and a label
    的话 -                  never one word
    # a comment

    Fields are separated by white space, or by tabs in a line that has one: then words may hold spaces, and an empty
    field before a label is no weight. Entries never take a part of a run of letters and digits.

    A file of jieba's, `word [count] [tag]`, is found out by its tags or by counts above 100, and its words are decided.
    Whole numbers up to 100 could be either: --user-dict-format says which, or a first line `# cws user dictionary`.

    \b
    cws segment --user-dict words.txt input.txt
    """


@dictionary_cli.command("compile")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), metavar="FILE|DIR",
              help="The compiled file; or the folder of a model, which uses it unless another is given.")  # fmt: skip
@click.option("--encoding", default="utf-8", show_default=True, metavar="NAME", help="Encoding of the text files.")
@click.option("--user-dict-format", "format", type=click.Choice(FORMATS), show_default="what their lines show",
              help="What the text files are: cws, or jieba for `word [count] [tag]` a line.")  # fmt: skip
@click.option("--ignore-case", is_flag=True, help="Match capitals and small letters alike.")
@click.option("--ignore-width", is_flag=True, help="Match full-width and half-width characters alike.")
def compile_cli(
    files: tuple[str, ...], output: str, encoding: str, format: str | None, ignore_case: bool, ignore_width: bool
) -> None:
    """Compile text files into one that loads at once.

    It is mapped into memory: a million entries open in a fraction of a second.

    \b
    cws dictionary compile words.txt names.txt -o words.dict
    cws segment --user-dict words.dict input.txt
    """
    if output.endswith((".gz", ".xz", ".zst")):
        raise click.UsageError(f"{output}: a compiled file is mapped into memory, so it cannot be compressed")
    path, entries = compile_dictionary(
        files, output, encoding=encoding, format=format, ignore_case=ignore_case, ignore_width=ignore_width
    )
    log_line(f"{entries:,} entries are in {path}")


def compile_dictionary(
    files: tuple[str, ...],
    output: str,
    *,
    encoding: str = "utf-8",
    format: str | None = None,
    ignore_case: bool = False,
    ignore_width: bool = False,
) -> tuple[str, int]:
    """Compile text files; return where the compiled one is and its number of entries. Arguments as of the command."""
    path = os.path.join(output, DICTIONARY_FILE) if os.path.isfile(os.path.join(output, "cws.json")) else output
    check_output(path, files)
    dictionary = UserDictionary.read(
        *files, encoding=encoding, format=format, ignore_case=ignore_case, ignore_width=ignore_width
    )
    dictionary.save(path)
    return path, len(dictionary)


@dictionary_cli.command("convert")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("-o", "--output", default="-", type=click.Path(), metavar="FILE", help="Where it goes, not stdout.")
@click.option("--from", "source", type=click.Choice(FORMATS), show_default="what their lines show",
              help="The format of the files.")  # fmt: skip
@click.option("--to", "target", type=click.Choice(FORMATS), default="cws", show_default=True,
              help="The format of the output.")  # fmt: skip
@click.option("--encoding", default="utf-8", show_default=True, metavar="NAME", help="Encoding of the text files.")
def convert_cli(files: tuple[str, ...], output: str, source: str | None, target: str, encoding: str) -> None:
    """Write user dictionaries, compiled ones too, as one text file, sorted by word.

    jieba's words are decided here: counts are dropped, tags are labels, and what has the count 0 is never a word.
    jieba knows no evidence: words with a weight are left out there, and counted.

    \b
    cws dictionary convert --from jieba userdict.txt -o words.txt
    cws dictionary convert --to jieba words.txt -o userdict.txt
    """
    written, left_out = convert_dictionary(files, output, source=source, target=target, encoding=encoding)
    kept = f", {left_out:,} with a weight left out" if left_out else ""
    log_line(f"{written:,} entries are in {output}{kept}")


def convert_dictionary(
    files: tuple[str, ...],
    output: str,
    *,
    source: str | None = None,
    target: str = "cws",
    encoding: str = "utf-8",
) -> tuple[int, int]:
    """Write files as one text file; return how many entries were written and left out. Arguments as of the command."""
    check_output(output, files)
    dictionary = UserDictionary.read(*files, encoding=encoding, format=source)
    lines, left_out = format_entries(dictionary, target)
    with atomic_output(output) as file:
        file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"))
    return len(dictionary) - left_out, left_out
