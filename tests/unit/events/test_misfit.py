"""What hooks are given in place of an event that does not fit its type."""

import copy
import pickle

import pytest

from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.misfit import Misfit, read_event

DATA = {"workspaceId": "acme", "userId": "ada", "importId": 7}


@pytest.fixture
def misfit() -> Misfit:
    found = read_event("import/csv.confirmed", DATA, "acme")
    assert isinstance(found, Misfit)
    return found


def test_what_fits_is_the_event_itself():
    assert isinstance(read_event("import/csv.confirmed", DATA | {"importId": "7"}, "acme"), CsvImportConfirmed)


def test_its_fields_can_be_read_under_both_names_as_they_are_stored(misfit: Misfit):
    assert (misfit.import_id, misfit.importId, misfit.workspace_id) == (7, 7, "acme")
    with pytest.raises(AttributeError, match=r"the stored import/csv\.confirmed has no field 'import_key'"):
        _ = misfit.import_key


def test_it_can_be_copied_and_pickled(misfit: Misfit):
    assert copy.copy(misfit) == misfit == pickle.loads(pickle.dumps(misfit))


def test_its_error_names_ten_faults_at_most_and_no_values():
    found = read_event("import/csv.confirmed", DATA | {f"field{n}": "secret" for n in range(20)}, "acme")
    assert isinstance(found, Misfit)
    text = str(found.error)
    assert "field0: Extra inputs are not permitted" in text
    assert "and 11 more" in text
    assert "secret" not in text
