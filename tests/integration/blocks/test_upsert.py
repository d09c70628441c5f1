"""Upserts beside others of the same rows."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from groundwork.blocks.database import Database
from groundwork.blocks.upsert import TRIES, upsert

_RACED = """
CREATE TEMPORARY SEQUENCE tries;
CREATE FUNCTION pg_temp.insert(failures int, sqlstate text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') <= failures THEN
        RAISE EXCEPTION 'the row of another' USING ERRCODE = sqlstate;
    END IF;
    RETURN currval('tries');
END $$
"""
_INSERT = text("SELECT pg_temp.insert(:failures, :sqlstate)")


@pytest.mark.parametrize(
    ("failures", "sqlstate", "tries"),
    [(TRIES - 1, "23505", TRIES), (TRIES, "23505", None), (1, "23503", None)],
    ids=["another was faster", "another row has the value", "not a matter of who is first"],
)
def test_who_comes_second_tries_again(db: Database, failures: int, sqlstate: str, tries: int | None):
    values = {"failures": failures, "sqlstate": sqlstate}
    with db.engine.connect() as connection:
        connection.exec_driver_sql(_RACED)
        if tries is None:
            with pytest.raises(IntegrityError):
                upsert(connection, _INSERT, values)
        else:
            assert upsert(connection, _INSERT, values).scalar() == tries
        spent = TRIES if sqlstate == "23505" else 1
        assert connection.execute(text("SELECT currval('tries')")).scalar() == spent
        connection.rollback()
