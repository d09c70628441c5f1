"""The types of final failures."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event
from groundwork.events.catalogue import event_type, event_types
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.failed import Failed, Failure
from groundwork.events.misfit import Misfit

DATA = {"workspaceId": "acme", "userId": "ada", "importId": "i"}


def failure(data: object) -> Failure[CsvImportConfirmed]:
    return Failed(CsvImportConfirmed)(
        workspace_id="acme",
        failed_delivery_id=uuid4(),
        failed_event_id=uuid4(),
        job="process-csv",
        attempt=1,
        error="ValueError: no",
        failed_at=datetime.now(UTC),
        data=data,
    )


def test_there_is_one_type_per_event_type_with_a_name_of_its_own():
    kind = Failed(CsvImportConfirmed)
    assert kind is Failed(CsvImportConfirmed)
    assert kind.event_name == "groundwork/failed.import.csv.confirmed"
    assert event_type(kind.event_name) is kind


def test_it_has_the_failed_event_typed_and_comes_back_from_the_wire():
    found = failure(DATA)
    assert isinstance(found.event, CsvImportConfirmed)
    assert Failed(CsvImportConfirmed).model_validate(found.wire()) == found


@pytest.mark.parametrize("data", [{"importId": 7}, [1], None])
def test_where_the_failed_event_fits_no_more_there_is_what_is_stored(data: object):
    found = failure(data).event
    assert isinstance(found, Misfit)
    assert found.data == data


def test_it_is_no_event_that_may_be_sent():
    assert Failed(CsvImportConfirmed).event_name not in event_types()


class Nameless(Event):
    pass


@pytest.mark.parametrize("of", [Failed(CsvImportConfirmed), Nameless, str, "import/csv.confirmed", Failure])
def test_failures_of_failures_and_of_what_is_no_event_are_refused(of: type[Event]):
    with pytest.raises(ConfigurationError, match="Failed"):
        Failed(of)
