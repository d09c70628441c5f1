import pytest
from pydantic import SecretStr

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.wiring.prepare import prepare_database
from groundwork.notifications.rendering import render, templates
from tests.unit.notifications.conftest import mail

PERSON = {"name": "Ada", "email": "ada@example.com"}


def test_an_application_brings_its_notifications(load):
    load({"gym": mail("workout_logged")})
    assert "workout_logged" in templates()
    assert render("workout_logged", user=PERSON).text.startswith("Hello Ada,\n\nWords.")


def test_two_applications_with_a_notification_of_one_name_are_an_error_that_names_both(load):
    load({"gym": mail("welcome")})
    with pytest.raises(ConfigurationError, match="'welcome', of the applications contacts and gym; rename"):
        render("welcome", user=PERSON)
    with pytest.raises(ConfigurationError, match="contacts and gym"):
        templates()


def test_such_a_name_stops_a_deploy_before_it_touches_the_database(load):
    load({"gym": mail("welcome")})
    with pytest.raises(ConfigurationError, match="contacts and gym"):
        prepare_database(Database(connection_url=SecretStr("postgresql://nobody@nowhere.invalid/none")))


def test_a_base_of_an_applications_own_is_nobody_elses(load):
    load({"gym": mail("workout_logged") | {"base.txt.j2": "GYM {% block content %}{% endblock %}"}})
    assert render("workout_logged", user=PERSON).text == "GYM Words.\n"
    assert "GYM" not in render("welcome", user=PERSON).text


def test_templates_that_are_not_there_are_an_error_that_names_the_application(load):
    load({"gym": {}})
    with pytest.raises(ConfigurationError, match=r"application gym: no templates in .*:mails"):
        templates()
