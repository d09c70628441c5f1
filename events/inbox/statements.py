"""The inbox's named statements: those of a module stand in the ``.sql`` file of the module's name, beside it."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import TextClause, text

from groundwork.blocks.schema.states import DEATHS_ALONE, ENDED, IN_FLIGHT, UNFINISHED, WAITING, DeliveryState
from groundwork.blocks.sql import named_statements

_SETS = {"waiting": WAITING, "in_flight": IN_FLIGHT, "unfinished": UNFINISHED, "ended": ENDED}

_ON_HOST = """(
    EXISTS (SELECT FROM groundwork.light_host WHERE light_host.flow_run_id = delivery.flow_run_id)
    OR (
        delivery.state = 'admitted'
        AND delivery.deaths < :deaths_alone
        AND EXISTS (SELECT FROM groundwork.job WHERE job.name = delivery.job AND job.light)
    )
)"""
"""Whether a delivery is a host's affair: one holds it, or one is to claim it."""


def statements_of(module: str) -> Callable[[str], TextClause]:
    """The statements of one module of the inbox::

        _statement = statements_of(__file__)
        connection.execute(_statement("renew"), …)

    ``state IN (:in_flight)``, and so on for the sets of :mod:`groundwork.blocks.schema.states`, is written out before
    PostgreSQL sees it: as parameters, the states would keep the planner from the partial indexes of those states.
    ``:deaths_alone`` is written out too and, of a row of ``groundwork.delivery``, ``:on_host``.

    Args:
        module: its ``__file__``.

    Returns:
        A function of a statement's name. It raises KeyError where the file has no such statement.
    """
    statements = {
        name: text(_with_states(body)) for name, body in named_statements(Path(module).with_suffix(".sql")).items()
    }
    return statements.__getitem__


def _with_states(body: str) -> str:
    for name, states in _SETS.items():
        body = body.replace(f"(:{name})", f"({_literals(states)})")
    return body.replace(":on_host", _ON_HOST).replace(":deaths_alone", str(DEATHS_ALONE))


def _literals(states: tuple[DeliveryState, ...]) -> str:
    return ", ".join(f"'{each}'" for each in states)
