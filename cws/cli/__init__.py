"""The command line: `cws COMMAND`. One file for each command, imported when it is called."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import warnings
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn, TextIO, cast

import click

from cws.cli.suggestions import SuggestingGroup
from cws.errors import CwsError
from cws.version import __version__

_COMMANDS = (
    "segment", "train", "adapt", "evaluate", "score", "pretrain", "lexicon", "dictionary", "models", "corpora", "plot",
)  # fmt: skip


class _ReaderGone(Exception):
    """A closed pipe, by a name click does not know: click would exit with 1."""


class _LogLines(logging.Handler):
    """Shows warnings of the log as those of `warnings`."""

    def emit(self, record: logging.LogRecord) -> None:
        _say(f"cws: warning: {record.getMessage()}\n")


class _LazyGroup(SuggestingGroup):
    """A group whose commands live in cws/cli/<name>.py, as the function <name>_cli."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"cws.cli.{name}"), f"{name}_cli")
        return command

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except BrokenPipeError:
            raise _ReaderGone from None


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="cws-toolkit")
def cli() -> None:
    """Chinese word segmentation: accurate, fast, and nothing to download.

    \b
    cws segment input.txt               words separated by spaces, to the screen
    cws segment input.txt -o words.txt  to a file
    cws train --train mine.txt -o my-model && cws segment --model my-model input.txt

    `cws COMMAND --help` explains a command.
    """


def main() -> NoReturn:
    """Run the command line and exit: 0 well, 1 an error, 2 wrong usage, 129 hung up, 130 Ctrl-C, 143 terminated."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _terminate)
    _prepare_streams()
    warnings.showwarning = _warn
    logging.getLogger("cws").addHandler(_LogLines(logging.WARNING))
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except (BrokenPipeError, _ReaderGone):
        _drop_stdout()  # whoever read has had enough
        sys.exit(0)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_complain("interrupted", 130))
    except click.ClickException as error:
        sys.exit(_complain(error.format_message(), 1))
    except CwsError as error:
        sys.exit(_complain(str(error), 1))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(_complain(f"{place}{error.strerror or error}: check the path, the disk and the permissions", 1))
    except MemoryError:
        sys.exit(_complain("out of memory: close other programs or use a smaller input", 1))


def _prepare_streams() -> None:
    # A service may be started with its standard streams closed, which Python shows as None.
    sys.stdin = sys.stdin or _open_nothing("r")
    sys.stdout = sys.stdout or _open_nothing("w")
    sys.stderr = sys.stderr or _open_nothing("w")
    # Help has Chinese in it, and a path may be no text at all: whatever the locale, show what can be shown.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _open_nothing(mode: str) -> TextIO:
    return cast("TextIO", open(os.open(os.devnull, os.O_RDWR), mode, closefd=False))  # open to the very end


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say(f"cws: warning: {message}\n")


def _complain(message: str, status: int) -> int:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _drop_stdout()  # one message is enough
    _say(f"cws: error: {message}\n")
    return status


def _drop_stdout() -> None:
    # Python flushes stdout at the end and complains if it cannot: let it flush into nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str) -> None:
    # Paths may hold bytes that are no text; better shown escaped than not at all.
    sys.stderr.write(line.encode(errors="backslashreplace").decode())


def _terminate(signal_number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signal_number)  # an exception, so that temporary files are removed
