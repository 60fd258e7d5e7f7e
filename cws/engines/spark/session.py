"""Starting Spark, and what its failures mean."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cws import errors as known
from cws.errors import CwsError, EngineError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INSTALL = "pip install 'cws-toolkit[spark]'"
_RAISED = re.compile(r"^cws\.errors\.(\w+): (.*)$", re.MULTILINE)  # the end of a traceback of an executor
_LAST = re.compile(r"^(?:[\w.]+(?:Error|Exception)): .*$", re.MULTILINE)


def start_session(master: str | None = None, *, name: str = "cws", progress: bool = False) -> SparkSession:
    """Return the session of this process, or start one.

    Args:
        master: Where Spark runs, such as `local[4]`, `spark://host:7077` or `yarn`; by default what spark-submit or
            spark-defaults.conf says, else all processors of this machine.
        name: What Spark's pages call the job.
        progress: Whether Spark shows on stderr how far it is.

    Raises:
        InputError: There is no pyspark, no Java, or Spark does not start.
    """
    try:
        import pyarrow  # noqa: F401 - which pyspark does not ask for
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise InputError(f"{error}: the engine spark needs {INSTALL}") from None
    home = os.environ.get("JAVA_HOME")
    if not shutil.which(os.path.join(home, "bin", "java") if home else "java"):
        where = f"in JAVA_HOME, {home}" if home else "on the PATH, and JAVA_HOME is not set"
        raise InputError(f"the engine spark needs Java 17 or later, and there is none {where}: install it")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    is_new = SparkSession.getActiveSession() is None
    builder = SparkSession.builder.appName(name).config("spark.ui.showConsoleProgress", str(progress).lower())
    try:
        session = (builder.master(master) if master else builder).getOrCreate()
    except Exception as error:  # of Java, through py4j, or because there is no Java to talk to
        asked = f"; the master is {master}" if master else ""
        message = f"Spark did not start ({_first_line(error)}): it needs Java 17 or later and a master it knows{asked}"
        raise InputError(message) from error
    if is_new:
        session.sparkContext.setLogLevel("OFF")  # errors are reported once, by whoever catches them
    return session


@contextmanager
def clear_errors() -> Iterator[None]:
    """Raise what an executor raised, if cws knows it, and else an EngineError, for a job that failed."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise cause_of(str(error)) from error


def cause_of(message: str) -> CwsError:
    """Return the error that a message of Spark, with a traceback of Python in it, is about."""
    if raised := _RAISED.search(message):
        name, text = raised.groups()
        kind = getattr(known, name, None)
        if kind in (known.InputError, known.ModelError, known.CorpusError, known.EncodingError, EngineError):
            error: CwsError = kind(text)
            return error
        return EngineError(text)
    last = _LAST.findall(message)
    return EngineError(f"Spark gave up: {last[-1] if last else message.strip().splitlines()[0]}")


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "java_exception", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__
