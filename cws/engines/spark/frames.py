"""Segmenting a column of a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from cws.bundled import DEFAULT_MODEL
from cws.engines.spark.broadcast import Shipment, make_segmenter, open_shipment, ship
from cws.engines.spark.columns import OUTPUTS, check_options, segment_column, slices
from cws.errors import InputError
from cws.segmenter import Segmenter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from cws.segmenter import Dictionary

_MOST = 1 << 26  # bytes of text that are turned into one Arrow batch


def segment(
    df: DataFrame,
    column: str,
    *,
    model: str | os.PathLike[str] | Segmenter = DEFAULT_MODEL,
    user_dictionary: Dictionary | None = None,
    output: str = "words",
    into: str = "words",
    errors: str = "strict",
) -> DataFrame:
    """Add a column with the words of a column of text; what Spark calls lazy, so nothing happens yet.

    The model and the dictionary as they are now go with the job, and each executor checks them before it begins.

    Args:
        df: Any DataFrame.
        column: Its column of strings.
        model: As of `cws.load`, or a Segmenter, for all of its options.
        user_dictionary: As of `cws.load`.
        output: `words` (array<string>, as `Segmenter.segment`), `text` (string, as `cws segment` writes a line) or
            `tokens` (array<struct<text, start, end, label, probability>>, as `Segmenter.tokens`).
        into: The name of the new column.
        errors: What to do with bytes that are not UTF-8, which `spark.read.text` lets pass: `strict` fails the job,
            `replace` puts U+FFFD in their place.

    Returns:
        All columns, and the new one; null where the text is null.

    Raises:
        InputError: No such column, or not one of strings; a name that is taken; what `cws.load` raises.
        FileError, ModelError, CorpusError: As `cws.load`.

    >>> words = segment(df, "text", user_dictionary=["网易杭研"])  # doctest: +SKIP
    """
    check_options(output, errors)
    types = dict(df.dtypes)
    if types.get(column) != "string":
        columns = ", ".join(f"{name} ({kind})" for name, kind in df.dtypes)
        raise InputError(f"expected a column of strings, got {column!r}: the DataFrame has {columns}")
    if into.lower() in map(str.lower, types):
        raise InputError(f"the DataFrame has a column {into!r} already: give another name (into=)")
    shipment = ship(df.sparkSession.sparkContext, make_segmenter(model, user_dictionary))
    work = _worker(shipment, df.columns.index(column), output, into, errors)
    return df.mapInArrow(work, _with_field(df, into, output))


def _worker(
    shipment: Shipment, at: int, output: str, into: str, errors: str
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what adds the column to batches, on an executor."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        from pyspark import TaskContext

        segmenter = open_shipment(shipment)
        context = TaskContext.get()
        partition = context.partitionId() if context else 0
        done = 0
        for batch in batches:
            for first, count in slices(batch.column(at), _MOST):
                part = batch.slice(first, count)
                place = f"column {batch.schema.names[at]!r}, partition {partition}, batch from record {done + first}"
                words = segment_column(segmenter, part.column(at), output, errors=errors, place=place)
                yield pa.RecordBatch.from_arrays([*part.columns, words], [*batch.schema.names, into])
            done += batch.num_rows

    return work


def _with_field(df: DataFrame, into: str, output: str) -> StructType:
    """Return the schema of the result."""
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    fields = [*df.schema.fields, StructField(into, from_arrow_type(OUTPUTS[output]))]
    return StructType(fields)
