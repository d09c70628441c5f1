"""Tables as text: Arrow's stream format, which is data only, in base64."""

import base64
import io
from typing import Any, get_args

_TABLES = {("pyarrow", "Table"), ("pandas", "DataFrame")}


class NoTable(ValueError):
    """A data frame would not come back from Arrow as it was."""


def is_table_type(annotation: Any) -> bool:
    """Whether an annotation says a table: ``pyarrow.Table``, ``pandas.DataFrame``, or either or None."""
    kinds = [each for each in get_args(annotation) or (annotation,) if each is not type(None)]
    return bool(kinds) and all(isinstance(each, type) and _is_table(each) for each in kinds)


def _is_table(kind: type) -> bool:
    return (kind.__module__.partition(".")[0], kind.__name__) in _TABLES


def table_form(value: Any) -> str | None:
    """The text of a table; None for what is none.

    Raises:
        NoTable: a data frame with values, an index or attributes that Arrow does not give back as they were.
    """
    if not _is_table(type(value)):
        return None
    if type(value).__name__ == "Table":
        return _text(value)
    if value.attrs:
        raise NoTable("a DataFrame with attrs, which Arrow does not give back")
    import pandas
    import pyarrow

    try:
        text = _text(pyarrow.Table.from_pandas(value))
        back = frame_of(text)
        pandas.testing.assert_frame_equal(back, value, check_exact=True, check_freq=False)
    except (pyarrow.ArrowException, AssertionError, TypeError, ValueError) as error:
        raise NoTable(
            f"a DataFrame that Arrow does not give back as it was: {str(error).partition(chr(10))[0]}"
        ) from None
    return text


def table_of(text: str) -> Any:
    """The table of a text."""
    import pyarrow.ipc

    with pyarrow.ipc.open_stream(base64.b64decode(text)) as stream:
        return stream.read_all()


def frame_of(text: str) -> Any:
    """The data frame of a text."""
    return table_of(text).to_pandas()


def _text(table: Any) -> str:
    import pyarrow.ipc

    sink = io.BytesIO()
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()
