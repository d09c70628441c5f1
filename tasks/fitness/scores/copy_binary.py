"""Rows of numbers between numpy and PostgreSQL, by COPY in its binary form, on the caller's connection.

Source: PostgreSQL 18, COPY, Binary Format: a header of 19 bytes, then for each row the number of its fields as int16,
each field as its length (int32) and its bytes, all big-endian, and at the end an int16 of -1. Rows without NULL have
one length, so they are an array.
"""

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from sqlalchemy import Connection

_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_TRAILER = struct.pack("!h", -1)
EPOCH = np.datetime64("2000-01-01", "D")
"""From which PostgreSQL counts days; a date is that many as int4."""


def copy_in(connection: Connection, target: str, rows: npt.NDArray[np.void]) -> None:
    """Write rows into a table.

    Args:
        target: table and columns, as code names them; never what a person has written.
        rows: a structured array, with a field per column in their order: int32 for int4 and date, float64 for float8.
    """
    wire = np.empty(len(rows), _wire(rows.dtype))
    wire["fields"] = len(_names(rows.dtype))
    for name in _names(rows.dtype):
        wire[f"length of {name}"] = rows.dtype[name].itemsize
        wire[name] = rows[name]
    with _cursor(connection) as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)") as copy:
        copy.write(_HEADER + wire.tobytes() + _TRAILER)


def copy_out(connection: Connection, query: str, dtype: np.dtype[Any]) -> npt.NDArray[np.void]:
    """Read the rows of a query.

    Args:
        query: a SELECT without parameters, none of whose columns may be NULL.
        dtype: of the rows, as in :func:`copy_in`.
    """
    with _cursor(connection) as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
        data = b"".join(copy)
    wire = np.frombuffer(data[len(_HEADER) : -len(_TRAILER)], _wire(dtype))
    rows = np.empty(len(wire), dtype)
    for name in _names(dtype):
        rows[name] = wire[name]
    return rows


def _wire(dtype: np.dtype[Any]) -> np.dtype[Any]:
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for name in _names(dtype):
        fields += [(f"length of {name}", ">i4"), (name, dtype[name].newbyteorder(">"))]
    return np.dtype(fields)


def _names(dtype: np.dtype[Any]) -> tuple[str, ...]:
    return dtype.names or ()


def _cursor(connection: Connection) -> psycopg.Cursor[tuple[object, ...]]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.cursor()
