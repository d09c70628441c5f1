"""A workspace's events name its own blobs only."""

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.workspace_blobs import own_key, workspace_prefix


@pytest.mark.parametrize(
    "key",
    [
        "workspaces/globex/prices.csv",
        "workspaces/acme-2/prices.csv",
        "workspaces/acme",
        "workspaces/acme/../globex/prices.csv",
        "/workspaces/acme/prices.csv",
        "exports/7/contacts.csv",
        "step-results/x",
        "",
    ],
)
def test_a_neighbour_s_blob_is_refused(key: str) -> None:
    with pytest.raises(NonRetriable, match="is none of workspace acme: its keys begin with workspaces/acme/"):
        own_key("acme", key)


def test_its_own_is_taken() -> None:
    assert own_key("acme", "workspaces/acme/prices.csv") == "workspaces/acme/prices.csv"


def test_an_id_from_before_the_rule_lies_below_no_other() -> None:
    assert workspace_prefix("acme/sub") == "workspaces/acme*2F*sub/"
