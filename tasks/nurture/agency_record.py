"""Storing the agency of a workspace, with what mails would show of it checked first."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.mail.addresses import mail_address
from groundwork.blocks.mail.headers import clean
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.tasks.nurture.agency import Agency, agency_of

_NEEDED = {"name": "--name", "website": "--website", "email": "--email", "postal_address": "--address"}
_LONGEST = {"name": 100, "postal_address": 300, "phone": 40}
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_WEBSITE = re.compile(r"https://(?P<host>[^/\s?#@:]+)(?:/[^\s]*)?")
_PHONE = re.compile(r"\+?[\d ()./-]{6,40}")


def set_agency(connection: Connection, workspace_id: str, said: Mapping[str, Any]) -> Agency:
    """Store the agency of a workspace, or change what is said of it.

    Args:
        said: columns of ``nurture.agency``; an empty ``phone`` is none.

    Raises:
        ConfigurationError: a value cannot be what it should be, or a new agency lacks one; the message names it.
    """
    values = dict(said)
    _check(values)
    known = connection.execute(select(agency.c.workspace_id).where(agency.c.workspace_id == str(workspace_id))).scalar()
    if known is None and (missing := [option for name, option in _NEEDED.items() if not values.get(name)]):
        raise ConfigurationError(f"workspace {workspace_id} has no agency yet; a new one needs {', '.join(missing)}")
    if known is None:
        connection.execute(insert(agency).values(workspace_id=str(workspace_id), **values))
    elif values:
        connection.execute(agency.update().where(agency.c.workspace_id == str(workspace_id)).values(**values))
    return agency_of(connection, workspace_id)


def _check(values: dict[str, Any]) -> None:
    for name in ("name", "phone"):
        if values.get(name) and (values[name] != clean(values[name], _LONGEST[name]) or not values[name].strip()):
            raise ConfigurationError(f"{name}: one line of at most {_LONGEST[name]} printable characters is wanted")
    if len(values.get("postal_address") or "") > _LONGEST["postal_address"]:
        raise ConfigurationError(f"postal_address: at most {_LONGEST['postal_address']} characters are wanted")
    if website := values.get("website"):
        found = _WEBSITE.fullmatch(website)
        if found is None or not _HOST.fullmatch(found["host"].lower()):
            raise ConfigurationError(
                f"website: {website!r} is no https URL of a host, such as https://www.acme.example"
            )
    for host in values.get("domains") or ():
        if not _HOST.fullmatch(host):
            raise ConfigurationError(f"domains: {host!r} is no host in lower case, such as acme.example")
    if email := values.get("email"):
        try:
            mail_address(email)
        except ValueError as error:
            raise ConfigurationError(f"email: {error}; write it as hello@acme.example") from None
    if values.get("phone") == "":
        values["phone"] = None
    elif (phone := values.get("phone")) and not _PHONE.fullmatch(phone):
        raise ConfigurationError(f"phone: {phone!r} is no telephone number, such as +44 20 7946 0123")
    if zone := values.get("time_zone"):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigurationError(f"time_zone: there is no {zone!r}; Europe/London is one") from None
