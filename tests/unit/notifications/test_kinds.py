import pytest

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.notifications.kinds import Kind, kind_named, kind_of, kinds
from tests.unit.notifications.conftest import mail

WORKOUTS = "workouts\nmails about your workouts\n"


def test_the_kind_and_its_words_stand_beside_the_template(load):
    load({"gym": mail("workout_logged", kind=WORKOUTS) | mail("receipt")})
    assert kind_of("workout_logged") == Kind("workouts", "mails about your workouts")
    assert kind_of("receipt") is None
    assert kinds()["workouts"].words == "mails about your workouts"


def test_templates_of_one_application_share_a_kind(load):
    load({"gym": mail("workout_logged", kind=WORKOUTS) | mail("workout_missed", kind=WORKOUTS)})
    assert kind_of("workout_logged") == kind_of("workout_missed")


def test_a_kind_is_found_by_the_names_that_it_had(load):
    load({"gym": mail("workout_logged", kind=f"{WORKOUTS}exercises\n")})
    assert kind_named("exercises") == kind_named("workouts") == kind_of("workout_logged")
    assert kind_named("exercise") is None


@pytest.mark.parametrize(
    "files",
    [
        {"gym": mail("a", kind=WORKOUTS) | mail("b", kind="workouts\nother words\n")},
        {"gym": mail("a", kind=WORKOUTS), "club": mail("b", kind=WORKOUTS)},
        {"gym": mail("a", kind=WORKOUTS) | mail("b", kind="races\nmails about races\nworkouts\n")},
    ],
    ids=["other words", "two applications", "a former name"],
)
def test_two_kinds_of_one_name_are_an_error_that_names_both(load, files):
    load(files)
    with pytest.raises(ConfigurationError, match=r"named 'workouts', by kind.txt of '[ab]' .* and of '[ab]' "):
        kinds()


@pytest.mark.parametrize("text", ["", "workouts", "workouts\n\n", "Your workouts\nwords", "workouts\nwords\nOld name"])
def test_a_kind_without_a_name_or_words_is_an_error_that_shows_how(load, text):
    load({"gym": mail("workout_logged", kind=text)})
    with pytest.raises(ConfigurationError, match=r"application gym: workout_logged/kind.txt has to hold"):
        kind_of("workout_logged")


def test_a_kind_of_an_unknown_notification_gets_a_suggestion():
    with pytest.raises(UnknownName, match="did you mean 'welcome'"):
        kind_of("welcom")
