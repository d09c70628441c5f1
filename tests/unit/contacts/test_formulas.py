"""Cells that a spreadsheet would execute."""

import pyarrow as pa
import pytest

from groundwork.tasks.contacts.formulas import harmless, neutralised


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(start: str):
    assert harmless(pa.array([f"{start}1+1", "fine"])).to_pylist() == [f"'{start}1+1", "fine"]


def test_formulas_within_a_cell_and_empty_cells_stay_as_they_are():
    column = pa.array(["1=1", "", None, "a@b.c", "'=quoted", "ｗide", "é"])
    assert harmless(column).to_pylist() == column.to_pylist()


def test_nulls_and_empty_cells_beside_a_formula_keep_their_kind():
    assert harmless(pa.array(["", None, "=1", "", None])).to_pylist() == ["", None, "'=1", "", None]


def test_a_slice_of_a_column_is_judged_by_its_own_cells():
    column = pa.array(["=1", "b", "-c", "d"])
    assert harmless(column.slice(1, 2)).to_pylist() == ["b", "'-c"]


@pytest.mark.parametrize("column", [pa.array([], pa.string()), pa.nulls(3, pa.string()), pa.array(["", ""])])
def test_a_column_without_text_passes(column: pa.Array):
    assert harmless(column).to_pylist() == column.to_pylist()


def test_every_column_of_a_batch_is_treated():
    batch = pa.record_batch({"a": ["=1", "x"], "b": ["y", None]})
    assert neutralised(batch).to_pydict() == {"a": ["'=1", "x"], "b": ["y", None]}


def test_a_batch_is_treated_column_by_column_whatever_its_shape():
    starts = ["=1", "＝1", "fine", "", None]
    batch = pa.record_batch({f"c{number}": [starts[number % 5], "x"] for number in range(300)})
    expected = {name: harmless(batch[name]).to_pylist() for name in batch.schema.names}
    assert neutralised(batch).to_pydict() == expected
    assert neutralised(batch.slice(1)).to_pydict() == {name: ["x"] for name in expected}
    assert neutralised(batch.slice(2)).num_rows == 0
