"""What a request's JSON may hold is what the inbox can store."""

from typing import Any

import pytest

from groundwork.deployments.gateway.faults import Faults
from groundwork.deployments.gateway.values import check_values


@pytest.mark.parametrize(
    ("value", "reason", "cure"),
    [
        ("a\0", "a text with the character NUL", "Remove the character."),
        ("\ud83d", "half a character", "Remove the character."),
        (10**4_200, "a whole number of more than 4,000 digits", "Send it as a string."),
        (float("inf"), "too large for a double", "Send it as a string."),
        ({"a\0": 1}, "a key cannot be stored: a text with the character NUL", "Rename the key."),
    ],
    ids=["NUL", "surrogate", "number", "infinity", "key"],
)
def test_what_cannot_be_stored_is_a_fault_at_its_place(value: Any, reason: str, cure: str):
    faults = Faults()
    check_values({"rows": [{}, {"x": value}]}, ["data"], faults)
    [fault] = faults.told
    assert fault["pointer"].startswith("/data/rows/1/x")
    assert reason in fault["reason"]
    assert fault["cure"] == cure
