"""One chunk made ready for the database: judged, and in COPY's text format. It needs no connection."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from groundwork.tasks.fitness.files.moments import days, moments, own_days
from groundwork.tasks.fitness.files.rejects import ragged_rows, rejected_rows
from groundwork.tasks.fitness.files.source import RowChunk
from groundwork.tasks.fitness.readings.metrics import METRICS
from groundwork.tasks.fitness.readings.reading import CLOCK_SKEW, EARLIEST, LONGEST_ID

STAGED = ("member_id", "source", "metric", "external_id", "day", "value", "measured_us", "updated_us", "deleted")
"""Columns of the staging table. Times are microseconds and days since 1970: text would be parsed twice."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_TRUE = ("true", "t", "1", "yes")
"""No array yet: Arrow's first one reserves a gigabyte of addresses, which runs with a memory limit would start with."""
_NULL = "\\N"


@dataclass(frozen=True)
class Context:
    """What rows are judged by.

    Attributes:
        members: ids of the workspace's members.
        zones: of each, which of ``names`` is its zone.
        names: of zones.
        version: of rows without a version of their own.
        now: readings may be from shortly after it at most.
    """

    members: Any
    zones: npt.NDArray[np.int64]
    names: list[str]
    version: datetime
    now: datetime


@dataclass(frozen=True)
class PreparedRows:
    """A chunk, ready to be written.

    Attributes:
        payload: accepted rows in COPY's text format.
        rejects: the rejected rows; None where there are none.
        reasons: rejected rows by reason.
    """

    number: int
    rows: int
    payload: Any
    rejects: Any | None
    reasons: dict[str, int]


def prepare(chunk: RowChunk, context: Context) -> PreparedRows:
    """Judge and encode a chunk. Blank lines are no rows."""
    chunk = _without_blank(chunk)
    cells = _Cells(chunk.table, context)
    reasons = cells.reasons()
    refused = pc.is_valid(reasons)
    parts = []
    if reasons.null_count < len(reasons):
        parts.append(rejected_rows(chunk.table, chunk.lines, reasons, refused))
    if chunk.ragged:
        parts.append(ragged_rows(chunk.ragged))
    rejects = pa.concat_tables(parts).sort_by("line") if parts else None
    return PreparedRows(
        number=chunk.number,
        rows=len(chunk.table) + len(chunk.ragged),
        payload=_copy_text(cells.staged(pc.invert(refused))),
        rejects=rejects,
        reasons=dict(sorted(Counter(rejects["reason"].to_pylist()).items())) if rejects is not None else {},
    )


def _without_blank(chunk: RowChunk) -> RowChunk:
    blank = pc.is_null(_one(chunk.table["member_id"]))
    for name in chunk.table.column_names[1:]:
        if not pc.any(blank).as_py():
            return chunk
        blank = pc.and_(blank, pc.is_null(_one(chunk.table[name])))
    kept = pc.invert(blank)
    return replace(chunk, table=chunk.table.filter(kept), lines=chunk.lines.filter(kept))


class _Cells:
    """The columns of a chunk, computed once."""

    def __init__(self, table: Any, context: Context) -> None:
        self._context = context
        self._length = len(table)
        text = {name: _trimmed(_one(table[name])) for name in table.column_names}
        self._text = text
        nothing = pa.nulls(self._length, pa.string())
        self._given = {
            name: text.get(name, nothing) for name in ("unit", "day", "external_id", "updated_at", "deleted")
        }
        self._place = pc.index_in(text["member_id"], value_set=context.members)
        self.deleted = pc.fill_null(pc.is_in(pc.utf8_lower(self._given["deleted"]), value_set=pa.array(_TRUE)), False)
        self._kind = _Kinds(text["metric"], self._given["unit"])
        number = pc.if_else(pc.match_substring_regex(text["value"], _NUMBER), text["value"], None)
        self.value = pc.multiply(pc.cast(number, pa.float64()), pa.array(self._kind.factor))
        self.measured = moments(text["measured_at"])
        if self._given["updated_at"].null_count == self._length:
            self.updated = pa.repeat(pa.scalar(_us(context.version), pa.int64()), self._length)
        else:
            given = moments(self._given["updated_at"])
            is_given = pc.is_valid(self._given["updated_at"])
            self.updated = pc.if_else(is_given, given, pa.scalar(_us(context.version), pa.int64()))
        self._own = self._own_days()
        self._said = days(self._given["day"]) if self._given["day"].null_count < self._length else None
        own = pa.array(self._own)
        self.day = own if self._said is None else pc.if_else(pc.is_valid(self._given["day"]), self._said, own)
        derived = self.measured.cast(pa.string())
        self.external_id = pc.if_else(pc.is_valid(self._given["external_id"]), self._given["external_id"], derived)

    def reasons(self) -> Any:
        """The first reason that applies to each row; null where none does."""
        latest = _us(self._context.now + CLOCK_SKEW)
        live = pc.invert(self.deleted)
        least, most = pa.array(self._kind.least), pa.array(self._kind.most)
        too_far = pc.greater(pc.abs(pc.subtract(self.day, pa.array(self._own))), 1)
        found = {
            "control_character": self._has_controls(),
            "unknown_member": pc.is_null(self._place),
            "unknown_metric": pa.array(~self._kind.known),
            "wrong_unit": pa.array(~self._kind.fits),
            "bad_measured_at": pc.and_(live, pc.is_null(self.measured)),
            "bad_source": _bad_id(self._text["source"]),
            "bad_external_id": _bad_id(self.external_id),
            "bad_updated_at": pc.is_null(self.updated),
            "updated_in_the_future": pc.greater(self.updated, latest),
            "bad_value": pc.and_(live, pc.is_null(self.value)),
            "measured_in_the_future": pc.and_(live, pc.greater(self.measured, latest)),
            "measured_before_there_were_wearables": pc.and_(live, pc.less(self.measured, _us(EARLIEST))),
            "bad_day": pc.and_(live, pc.or_kleene(pc.is_null(self.day), too_far)),
            "impossible_value": pc.and_(
                live, pc.invert(pc.and_(pc.greater_equal(self.value, least), pc.less_equal(self.value, most)))
            ),
        }
        applying = {name: mask for name, mask in found.items() if pc.any(mask).as_py()}
        if not applying:
            return pa.nulls(self._length, pa.string())
        masks = [pc.fill_null(mask, False) for mask in applying.values()]
        texts = [pa.repeat(pa.scalar(name), self._length) for name in applying]
        return pc.case_when(pc.make_struct(*masks, field_names=list(applying)), *texts)

    def staged(self, accepted: Any) -> Any:
        """The accepted rows as the staging table has them, all as text."""
        no_number, no_text = pa.scalar(None, pa.int64()), pa.scalar(None, pa.float64())
        columns = [
            self._text["member_id"],
            self._text["source"],
            self._text["metric"],
            self.external_id,
            pc.if_else(self.deleted, no_number, self.day).cast(pa.string()),
            pc.if_else(self.deleted, no_text, self.value).cast(pa.string()),
            pc.if_else(self.deleted, no_number, self.measured).cast(pa.string()),
            self.updated.cast(pa.string()),
            pc.if_else(self.deleted, "t", "f"),
        ]
        table = pa.table(columns, names=list(STAGED))
        return table if pc.all(accepted).as_py() else table.filter(accepted)

    def _own_days(self) -> npt.NDArray[np.int64]:
        at = pc.fill_null(self.measured, 0).to_numpy(zero_copy_only=False).copy()
        place = pc.fill_null(self._place, -1).to_numpy(zero_copy_only=False)
        zones = self._context.zones
        of_row = np.where(place >= 0, zones[np.maximum(place, 0)], -1) if len(zones) else np.full(self._length, -1)
        return own_days(self._text["measured_at"], at, of_row, self._context.names)

    def _has_controls(self) -> Any:
        mask = pa.repeat(False, self._length)
        for column in (*self._text.values(),):
            buffer = column.buffers()[2]
            codes = np.frombuffer(buffer, np.uint8) if buffer is not None and buffer.size else np.empty(0, np.uint8)
            if len(codes) and (codes.min() < 32 or (codes == 127).any()):
                mask = pc.or_(mask, pc.fill_null(pc.match_substring_regex(column, "[\x00-\x1f\x7f]"), False))
        return mask


class _Kinds:
    """Metric and unit of each row, looked up once for each pair."""

    def __init__(self, metrics: Any, units: Any) -> None:
        pairs = pc.binary_join_element_wise(pc.fill_null(metrics, ""), pc.fill_null(units, ""), "\t")
        coded = pc.dictionary_encode(pairs)
        found = [self._looked_up(*each.split("\t", 1)) for each in coded.dictionary.to_pylist()]
        table = np.array(found, np.float64).reshape(len(found), 5)
        rows = table[coded.indices.to_numpy()] if len(found) else np.zeros((len(metrics), 5))
        self.known, self.fits = rows[:, 0] > 0, rows[:, 1] > 0
        self.factor, self.least, self.most = (np.ascontiguousarray(rows[:, at]) for at in (2, 3, 4))

    @staticmethod
    def _looked_up(name: str, unit: str) -> tuple[float, float, float, float, float]:
        metric = METRICS.get(name)
        if metric is None:
            return 0, 1, 1, 0, 0
        factor = metric.factor(unit)
        return 1, factor is not None, factor or 1, metric.least, metric.most


def _one(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _trimmed(column: Any) -> Any:
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(pc.binary_length(column), 0), None, column)


def _bad_id(column: Any) -> Any:
    return pc.or_kleene(pc.is_null(column), pc.greater(pc.utf8_length(column), LONGEST_ID))


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)) // timedelta(microseconds=1)


def _copy_text(table: Any) -> Any:
    """The rows as input for ``COPY … FROM STDIN`` (PostgreSQL manual, COPY, "Text Format")."""
    if len(table) == 0:
        return b""
    columns = [_escaped(_one(column)) for column in table.columns]
    columns[-1] = pc.binary_join_element_wise(columns[-1], "\n", "")
    lines = pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement=_NULL)
    # The lines lie end to end in the array's own buffer: that is the payload, without a copy.
    offsets = memoryview(lines.buffers()[1]).cast("i")
    return lines.buffers()[2].slice(0, offsets[len(lines)])


def _escaped(column: Any) -> Any:
    has_any = pc.any(pc.match_substring(column, "\\")).as_py()
    return pc.replace_substring(column, "\\", "\\\\") if has_any else column
