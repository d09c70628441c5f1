"""How a receiver knows that a webhook is ours: the headers of the Standard Webhooks specification 1.0.0.

Each agency has a secret of its own. It is made from the secrets of links, so that no secret of a webhook is stored.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from sqlalchemy import Connection, update
from standardwebhooks import Webhook

from groundwork.blocks.link_secret import link_secrets
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.events.identifiers import WorkspaceId


def webhook_secrets(workspace_id: WorkspaceId, version: int) -> list[str]:
    """The secrets of an agency's webhook, ``whsec_…``; the first is the one to verify with.

    The others are those that a receiver may still have: of the version before, and of earlier secrets of links.

    Args:
        version: ``webhook_secret_version`` of the agency.

    Raises:
        ConfigurationError: there is no secret of links, or it is not fit to be one.
    """
    versions = [version, version - 1] if version > 1 else [version]
    return [_secret(each, workspace_id, number) for each in link_secrets(make=True) for number in versions]


def next_version(connection: Connection, workspace_id: WorkspaceId) -> None:
    """Give an agency's webhook a new secret. An agency that there is not gets none."""
    version = agency.c.webhook_secret_version
    change = update(agency).where(agency.c.workspace_id == str(workspace_id)).values(webhook_secret_version=version + 1)
    connection.execute(change)


def signed_headers(secrets: list[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers by which a message proves whose it is and of when.

    Args:
        secrets: of the receiver; each signs.
        message_id: the same whenever the same message is sent again.
        at: the moment of this attempt, in UTC.
        body: what is sent, exactly.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(each).sign(message_id, at, body) for each in secrets),
    }


def _secret(link_secret: bytes, workspace_id: WorkspaceId, version: int) -> str:
    purpose = f"groundwork nurture webhook {version} {workspace_id}"
    return f"whsec_{base64.b64encode(hmac.digest(link_secret, purpose.encode(), hashlib.sha256)).decode()}"
