"""``groundwork fitness threshold``: what it prints, what it changes, and how it exits."""

import json

import pytest
from typer.testing import CliRunner, Result

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.deployments.cli import program


@pytest.fixture
def fitness(db):
    """Run a command; its error, if it raises one that the entry point prints, is raised."""

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(program(), ["fitness", "threshold", *arguments, "--workspace", "acme"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def listed(fitness) -> dict[str, dict[str, object]]:
    return {each["figure"]: each for each in json.loads(fitness("list", "--json").stdout)["thresholds"]}


def test_a_threshold_is_set_shown_and_taken_away(fitness):
    assert "load-spike: not looked at\n" in fitness("list").stdout
    told = fitness("set", "load-spike", "--above", "1.5", "--below", "1.3", "--cool-down", "10").stdout
    assert told == "load-spike: above 1.5, over below 1.3, 10 days between alerts (own)\n"
    assert listed(fitness)["load-spike"] == {
        "figure": "load-spike", "above": 1.5, "below": 1.3, "coolDownDays": 10, "own": True
    }  # fmt: skip
    assert fitness("unset", "load-spike").stdout == "load-spike: not looked at\n"


def test_what_is_not_said_is_nine_tenths_and_as_it_was(fitness):
    fitness("set", "churn", "--above", "0.8", "--cool-down", "30")
    assert fitness("set", "churn", "--above", "0.7").stdout == (
        "churn: above 0.7, over below 0.63, 30 days between alerts (own)\n"
    )


def test_a_figure_can_be_switched_off(fitness):
    assert fitness("set", "hrv", "--off").stdout == "hrv: not looked at (own)\n"


@pytest.mark.parametrize("arguments", [["churn"], ["churn", "--above", "1", "--off"], ["churn", "--above", "much"]])
def test_a_command_that_says_too_little_or_too_much_is_refused(fitness, arguments):
    assert fitness("set", *arguments).exit_code == 2


def test_what_makes_no_sense_is_told(fitness):
    with pytest.raises(UnknownName, match="load-spike"):
        fitness("set", "load-spik", "--above", "1")
    with pytest.raises(ConfigurationError, match="below: 2"):
        fitness("set", "churn", "--above", "1", "--below", "2")
    with pytest.raises(ConfigurationError, match="above: nan"):
        fitness("set", "churn", "--above", "nan")
