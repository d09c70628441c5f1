"""Ours do what every CRM does."""

from datetime import datetime

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.nurture.crm.contact import FIELDS
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.nurture.crm.hubspot.names import NAMES
from groundwork.blocks.nurture.crm.reapit.names import METADATA
from groundwork.blocks.nurture.crm.reapit.names import NAMES as REAPIT_NAMES
from groundwork.blocks.nurture.crm.table import TableCrm
from groundwork.blocks.schema.nurture.crm import crm_contact
from tests.integration.nurture.crm.conftest import CUSTOMER, PORTAL
from tests.integration.nurture.crm.hubspot_server import HubSpotServer, _as_read
from tests.integration.nurture.crm.reapit_server import ReapitServer
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
        return crm_at(PORTAL)


class ReapitPlace:
    def __init__(self, customer: ReapitServer) -> None:
        self._customer = customer

    def contacts(self) -> list[dict[str, str]]:
        shown = []
        for each in self._customer.contacts.values():
            values = each | {f"{METADATA}{name}": value for name, value in each["metadata"].items()}
            known = {field: values[name] for field, name in REAPIT_NAMES.items() if values.get(name)}
            shown.append({"id": each["id"], **known})
        return shown

    def edit(self, external_id: str, at: datetime, **values: str) -> None:
        self._customer.edit(external_id, at, **{REAPIT_NAMES[name]: value for name, value in values.items()})

    def delete(self, external_id: str) -> None:
        del self._customer.contacts[external_id]


class TestReapit(CrmContract):
    @pytest.fixture
    def place(self, customer: ReapitServer) -> CrmPlace:
        return ReapitPlace(customer)

    @pytest.fixture
    def crm(self, customer: ReapitServer) -> Crm:
        return crm_at(CUSTOMER)
