"""Errors say what to do, and control flow is not an error of the job."""

import pytest

from groundwork.blocks import errors
from groundwork.blocks.errors import (
    BlobMissing,
    ControlFlow,
    Explained,
    GroundworkError,
    Interrupted,
    MailSetupRefused,
    NonRetriable,
    StaleAttempt,
)
from groundwork.deployments.commands.failure import explain

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Explained)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_says_in_its_own_words_what_happened_and_ends_a_command(kind: type[Explained]):
    assert kind.__doc__
    assert kind.default_message().endswith(".")
    assert "\n" not in kind.default_message()
    assert kind.exit_code in (1, 2)


def test_an_error_without_text_says_what_its_class_says():
    assert str(BlobMissing()) == ("The blob store has no object at this key. Upload it again and send a new event.")
    assert str(MailSetupRefused(for_everybody=True)).endswith("then `groundwork dead replay`.")
    assert explain(StaleAttempt()) == (StaleAttempt.default_message(), 1)


def test_an_error_with_text_says_that_alone():
    assert str(BlobMissing("no object at imports/1.csv")) == "no object at imports/1.csv"


def test_a_class_of_an_application_without_a_docstring_says_what_its_parent_says():
    class LeadGone(NonRetriable):
        pass

    assert str(LeadGone()) == NonRetriable.default_message()


@pytest.mark.parametrize("kind", [StaleAttempt, Interrupted])
def test_what_catches_groundworks_errors_leaves_control_flow_alone(kind: type[ControlFlow]):
    with pytest.raises(kind):
        try:
            raise kind
        except GroundworkError:
            pytest.fail("a job that catches GroundworkError would go on with a delivery that is not its own")


def test_the_tree_in_the_docstring_has_every_class():
    assert [each.__name__ for each in CLASSES if each.__name__ not in (errors.__doc__ or "")] == []
