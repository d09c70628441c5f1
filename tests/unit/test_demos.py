"""Under which names the demos of applications are on the command line."""

import pytest
import typer

from groundwork.blocks.applications import Application, applications
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.demo import demos


def show() -> None:
    """Show it."""


def application(name: str, demo_name: str | None = None) -> Application:
    return Application(name=name, demo=f"{__name__}:show", demo_name=demo_name)


def names(app: typer.Typer | None) -> list[str | None]:
    return [each.name for each in app.registered_commands] if app else []


def test_a_demo_has_the_name_of_its_application_or_one_of_its_own():
    assert names(demos([application("gym"), application("shop", demo_name="till")])) == ["gym", "till"]


def test_an_application_without_a_demo_needs_no_name():
    assert demos([Application(name="gym"), Application(name="shop", demo_name="till")]) is None


def test_two_demos_of_one_name_are_refused_by_the_names_of_both_applications():
    with pytest.raises(ConfigurationError, match="named shop: of the applications gym and shop"):
        demos([application("gym", demo_name="shop"), application("shop")])


def test_ours_are_these():
    assert names(demos(applications())) == ["contacts", "platform", "nurture"]
