"""The README's program runs as it stands there."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.factories import register_job, scalar

README = (Path(__file__).resolve().parents[3] / "README.md").read_text()


def program() -> dict[str, Any]:
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    namespace: dict[str, Any] = {"__name__": "readme_program"}
    exec(compile(code, "README.md", "exec"), namespace)
    return namespace


def test_the_program_of_the_readme_runs_and_keeps_its_effect(db, prefect_api):
    register_job(db, "score-workout", "fitness/workout.logged")
    with db.transaction() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS score (user_id text, points int)"))
        connection.execute(text("TRUNCATE score"))
    assert program()["score_workout"](workspace_id="acme", user_id="ada", minutes=45) == 4
    assert scalar(db, "SELECT points FROM score WHERE user_id = 'ada'") == 4
