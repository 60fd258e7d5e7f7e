"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar, cast

import click

from cws.bundled import DEFAULT_MODEL
from cws.cli.suggestions import SuggestingChoice
from cws.errors import EncodingError, InputError
from cws.labelers.device import BATCH_CHARACTERS, PRECISIONS
from cws.threads import MAX_THREADS, processors

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from cws.user_dictionary import UserDictionary

model_option = click.option(
    "-m", "--model", default=DEFAULT_MODEL, show_default=True, metavar="NAME|DIR",
    help="A bundled model (see cws models) or the folder of a trained one.",
)  # fmt: skip
threads_option = click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), default=processors,
    show_default="all processors", metavar="N", help="How many threads work. The output is the same for any number.",
)  # fmt: skip
torch_threads_option = click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), default=processors,
    show_default="all processors", metavar="N", help="How many threads work on a CPU.",
)  # fmt: skip
encoding_option = click.option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME",
    help="Encoding of the input, such as gb18030 or big5. The output is UTF-8.",
)  # fmt: skip
corpus_encoding_option = click.option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME",
    help="Encoding of the files that are read, such as gb18030 or big5.",
)  # fmt: skip
units_option = click.option(
    "--units/--no-units", default=True, show_default=True,
    help="Keep numbers, dates, addresses, names in Latin letters and emoji whole, or let the model decide.",
)  # fmt: skip
errors_option = click.option(
    "--errors", type=SuggestingChoice(["strict", "replace"]), default="strict", show_default=True,
    help="What to do with bytes that are no text: stop, or put U+FFFD in their place.",
)  # fmt: skip
progress_option = click.option(
    "--progress/--no-progress", default=None, help="Show a progress bar; without either, only on a terminal."
)

_Options = TypeVar("_Options")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class RenamedOption(click.Option):
    """An option whose old spelling works for one release more: not in the help, and with a warning on stderr.

    >>> click.option("--learning-rate", cls=RenamedOption, old="--rate")

    Args:
        declarations: The spellings that the help has.
        old: The spelling that goes.
        settings: Those of `click.Option`.
    """

    def __init__(self, declarations: Sequence[str], *, old: str, **settings: Any) -> None:
        super().__init__(declarations, **settings)
        self.old = old

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        parser.add_option(obj=self, opts=[self.old], dest=self.old)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> Any:
        new = max(self.opts, key=len)
        if self.old not in opts:
            return super().consume_value(ctx, opts)
        if self.name in opts:
            raise click.UsageError(f"{self.old} is the old name of {new}: give {new} alone", ctx)
        click.echo(f"cws: warning: {self.old} is now {new} and goes with the next release", err=True)
        return super().consume_value(ctx, {**opts, str(self.name): opts[self.old]})


def chosen(options: type[_Options], values: Mapping[str, Any]) -> _Options:
    """Return the options of a training, from the values of the command line that are fields of theirs.

    Args:
        options: A dataclass. Where no value is given (None), its own default holds.
        values: By the names of the parameters, which are those of the fields.
    """
    names = {field.name for field in fields(cast("Any", options))}
    return options(**{name: value for name, value in values.items() if name in names and value is not None})


_USER_DICTIONARY = (
    click.option("--user-dict", "user_dicts", multiple=True, type=click.Path(), metavar="FILE",
                 help="A user dictionary: `word [weight|!|-] [label]` a line, see cws dictionary. May be repeated."),
    click.option("--user-dict-format", type=click.Choice(["cws", "jieba"]), show_default="what its lines show",
                 help="What the user dictionaries are: cws, or jieba for `word [count] [tag]` a line."),
    click.option("--force-user-dict", is_flag=True,
                 help="What they list without a weight is one word wherever it stands, as if marked with `!`."),
    click.option("--user-dict-encoding", default="utf-8", show_default=True, metavar="NAME",
                 help="Encoding of the user dictionaries."),
    click.option("--ignore-case", is_flag=True, help="The user dictionary matches capitals and small letters alike."),
    click.option("--ignore-width", is_flag=True, help="It matches full-width and half-width characters alike."),
)  # fmt: skip
_DEVICE = (
    click.option("--device", metavar="NAME", show_default="cuda if there is some",
                 help="Where a neural model computes: cpu, cuda, cuda:1."),
    click.option("--precision", type=SuggestingChoice(PRECISIONS), default="auto",
                 show_default=True, help="Of a neural model; auto: bf16 on CUDA, 16-bit integers on a CPU."),
    click.option("--batch-chars", type=click.IntRange(1), metavar="N", show_default=str(BATCH_CHARACTERS),
                 help="How much text a neural model works on at once. The words are the same for any number."),
)  # fmt: skip
_ENGINE = (
    click.option("--engine", type=SuggestingChoice(["spark"]), show_default="this machine",
                 help="What runs it: spark, on a cluster; see docs/guide/spark.md."),
    click.option("--master", metavar="URL", show_default="what spark-submit says, else this machine",
                 help="Where Spark runs: spark://host:7077, yarn, local[4]."),
)  # fmt: skip


class CorpusPath(click.Path):
    """A path, or corpus:NAME for a corpus that `cws corpora get` made.

    Args:
        part: What corpus:NAME alone means here: train, dev or test.
    """

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and value.startswith("corpus:"):
            from cws.corpora import path_of  # only here, because most commands do without

            return path_of(value, self.part)
        return super().convert(value, param, ctx)


def engine_options(command: _Command) -> _Command:
    """Add the options of engines; their names are engine and master."""
    for option in reversed(_ENGINE):
        command = option(command)
    return command


def refuse_without_engine(engine: str | None, **options: object) -> None:
    """Raise UsageError if an option is given that only an engine can do something with."""
    for name, value in options.items():
        if engine is None and value is not None:
            raise click.UsageError(f"--{name} is for an engine: give --engine spark with it")


def refuse_given(context: click.Context, engine: str, *names: str) -> None:
    """Raise UsageError if one of the parameters is given, which an engine does nothing with."""
    for name in names:
        if context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} is not for --engine {engine}: leave it out")


def start_spark(master: str | None, name: str, progress: bool) -> SparkSession:
    """Start Spark for a command; an InputError says what to install where something is missing."""
    try:
        from cws.engines.spark import start_session
    except ImportError as error:
        raise InputError(f"{error}: --engine spark needs pip install 'cws-toolkit[spark]'") from None
    return start_session(master, name=name, progress=progress)


def device_options(command: _Command) -> _Command:
    """Add the options of neural models; their names are device, precision and batch_chars."""
    for option in reversed(_DEVICE):
        command = option(command)
    return command


def user_dictionary_options(command: _Command) -> _Command:
    """Add the options of user dictionaries; `read_user_dictionary` takes their values."""
    for option in reversed(_USER_DICTIONARY):
        command = option(command)
    return command


def read_user_dictionary(
    user_dicts: tuple[str, ...],
    user_dict_encoding: str = "utf-8",
    ignore_case: bool = False,
    ignore_width: bool = False,
    user_dict_format: str | None = None,
    force_user_dict: bool = False,
) -> UserDictionary | None:
    """Return the user dictionary that the options say, or None."""
    if not user_dicts:
        if ignore_case or ignore_width:
            raise click.UsageError("--ignore-case and --ignore-width are for a user dictionary: give --user-dict FILE")
        if user_dict_format or force_user_dict:
            raise click.UsageError(
                "--user-dict-format and --force-user-dict are for a user dictionary: give --user-dict FILE"
            )
        return None
    from cws.user_dictionary import UserDictionary  # only here, because most commands do without

    try:
        dictionary = UserDictionary.read(
            *user_dicts, encoding=user_dict_encoding, format=user_dict_format, ignore_case=ignore_case,
            ignore_width=ignore_width,
        )  # fmt: skip
        return dictionary.forced() if force_user_dict else dictionary
    except EncodingError as error:  # here --encoding is that of the text
        message = error.message.replace("--encoding", "--user-dict-encoding")
        raise EncodingError(message, error.path, error.line, error.byte) from None
