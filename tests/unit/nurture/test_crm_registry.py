"""A CRM is found by its name, and an installed package may bring one."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.nurture.crm.crm import CrmAccount, crm_at
from groundwork.blocks.process_cache import forget


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that is installed, and brings the CRM ``rezi``."""
    (tmp_path / "rezi_crm.py").write_text(
        "class ReziCrm:\n    def __init__(self, account):\n        self.account = account\n"
    )
    info = tmp_path / "rezi-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rezi\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[groundwork.crms]\nrezi = rezi_crm:ReziCrm\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield tmp_path
    sys.modules.pop("rezi_crm", None)
    forget()


def account(crm: str, number: str = "1") -> CrmAccount:
    return CrmAccount(workspace_id="acme", crm=crm, id=number)


def test_an_installed_package_brings_a_crm(installed: Path):
    assert vars(crm_at(account("rezi")))["account"].key == "rezi:1"


def test_two_packages_of_one_name_are_refused_with_both_places(installed: Path):
    (installed / "rezi-1.0.dist-info" / "entry_points.txt").write_text("[groundwork.crms]\ntable = rezi_crm:ReziCrm\n")
    forget()
    with pytest.raises(ConfigurationError, match=r"TableCrm and rezi_crm:ReziCrm"):
        crm_at(account("table"))


def test_one_that_cannot_be_imported_is_named(installed: Path):
    (installed / "rezi_crm.py").write_text("import no_such_module\n")
    with pytest.raises(ConfigurationError, match=r"rezi_crm:ReziCrm cannot be loaded: ModuleNotFoundError"):
        crm_at(account("rezi"))


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(ConfigurationError, match="did you mean 'hubspot'"):
        crm_at(account("hubspto"))


@pytest.mark.parametrize("number", ["", "abc", "1/2", "١٢"])
def test_a_portal_is_a_number(number: str):
    with pytest.raises(ConfigurationError, match="id of the portal"):
        crm_at(account("hubspot", number))


def test_the_account_of_an_agency_is_one_of_its_crm():
    assert CrmAccount.of("acme", "table", None).key == "table"
    assert CrmAccount.of("acme", "hubspot", "hubspot:62515").id == "62515"
    with pytest.raises(ConfigurationError, match="its CRM is reapit"):
        CrmAccount.of("acme", "reapit", "hubspot:62515")
