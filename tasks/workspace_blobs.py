"""Where a workspace's own blobs are, so that an event of one workspace names no blob of another.

A key that an event brings is its sender's word. Read it through :func:`own_key`, or make it from ids::

    with blob_store().open(own_key(event.workspace_id, event.key)) as file: ...
"""

from groundwork.blocks.errors import NonRetriable
from groundwork.events.identifiers import in_names


def workspace_prefix(workspace_id: str) -> str:
    """What the keys of a workspace's blobs begin with: ``workspaces/<id>/``. No other workspace's keys do."""
    return f"workspaces/{in_names(workspace_id)}/"


def own_key(workspace_id: str, key: str) -> str:
    """The key itself, if it is one of the workspace's.

    Raises:
        NonRetriable: it is not.
    """
    prefix = workspace_prefix(workspace_id)
    if not key.startswith(prefix) or ".." in key.split("/"):
        raise NonRetriable(
            f"The blob {key!r} is none of workspace {workspace_id}: its keys begin with {prefix}. Put the file there, "
            "and send the event with that key."
        )
    return key
