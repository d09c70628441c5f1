"""Ours do what every CRM does."""

from datetime import datetime

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.nurture.crm.contact import FIELDS
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.nurture.crm.hubspot.properties import NAMES
from groundwork.blocks.nurture.crm.table import TableCrm
from groundwork.blocks.schema.nurture.crm import crm_contact
from tests.integration.nurture.crm.hubspot_server import HubSpotServer, _as_read
from tests.kit.crm_contract import CrmContract, CrmPlace


class TablePlace:
    def __init__(self, db: Database, crm: TableCrm) -> None:
        self._db, self._crm = db, crm

    def contacts(self) -> list[dict[str, str]]:
        with self._db.transaction() as connection:
            rows = connection.execute(crm_contact.select()).mappings().all()
        return [{name: str(row[name]) for name in ("id", *FIELDS) if row[name] is not None} for row in rows]

    def edit(self, external_id: str, at: datetime, **values: str) -> None:
        self._crm.edit(external_id, dict(values), at)

    def delete(self, external_id: str) -> None:
        with self._db.transaction() as connection:
            connection.execute(crm_contact.delete().where(crm_contact.c.id == external_id))


class TestTable(CrmContract):
    @pytest.fixture
    def crm(self, db: Database) -> Crm:
        return crm_at(CrmAccount(workspace_id="acme", crm="table"))

    @pytest.fixture
    def place(self, db: Database, crm: TableCrm) -> CrmPlace:
        return TablePlace(db, crm)


class HubSpotPlace:
    def __init__(self, portal: HubSpotServer) -> None:
        self._portal = portal

    def contacts(self) -> list[dict[str, str]]:
        fields = {name: field for field, name in NAMES.items()}
        return [
            {"id": each.id, **{fields[name]: str(_as_read(name, value)) for name, value in each.properties.items()}}
            for each in self._portal.contacts.values()
        ]

    def edit(self, external_id: str, at: datetime, **values: str) -> None:
        named = {NAMES[name]: value for name, value in values.items()}
        self._portal.edit(external_id, at.isoformat(), **named)

    def delete(self, external_id: str) -> None:
        del self._portal.contacts[external_id]


class TestHubSpot(CrmContract):
    @pytest.fixture
    def place(self, portal: HubSpotServer) -> CrmPlace:
        return HubSpotPlace(portal)

    @pytest.fixture
    def crm(self, portal: HubSpotServer) -> Crm:
        return crm_at(CrmAccount(workspace_id="acme", crm="hubspot", id="62515"))
