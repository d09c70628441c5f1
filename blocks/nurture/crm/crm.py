"""Which CRMs there are: each is found by its name, ours and those that installed packages bring."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.nurture.crm.contact import OutgoingContact, PushOutcome
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.suggestions import did_you_mean

GROUP = "groundwork.crms"
"""Group of the entry points by which an installed package brings a CRM: name = ``module:function``."""


class Crm(Protocol):
    """The CRM of one agency. What each method has to do is shown by the tests of ``CrmContract``
    (``groundwork.testing.crm_contract``)."""

    @property
    def properties(self) -> Mapping[str, str]:
        """The CRM's name of each of our fields that it has, so that what comes back from it can be understood."""

    def push(self, contacts: Sequence[OutgoingContact]) -> list[PushOutcome]:
        """Write what we know of contacts. A repeat, after whatever happened, makes no second contact.

        Args:
            contacts: 100 at most.

        Returns:
            One outcome per contact, in order.

        Raises:
            RetryAfter: the provider asks to wait.
            CrmUnavailable: it does not answer; some of the contacts may have been written.
            CrmLocked: it does not let us in.
            ConfigurationError: something has to be set up.
        """


@dataclass(frozen=True, kw_only=True)
class CrmAccount:
    """An agency's account at its CRM.

    Attributes:
        workspace_id: the agency's.
        crm: name of the CRM.
        id: of the portal or customer; empty for a CRM that needs none.
    """

    workspace_id: str
    crm: str
    id: str = ""

    @property
    def key(self) -> str:
        """What names it in tables: ``hubspot:62515``, or the CRM's name alone."""
        return f"{self.crm}:{self.id}" if self.id else self.crm

    @classmethod
    def of(cls, workspace_id: str, crm: str, account: str | None) -> "CrmAccount":
        """The account as the table ``nurture.agency`` says it.

        Raises:
            ConfigurationError: the account is one of another CRM.
        """
        name, _, number = (account or crm).partition(":")
        if name != crm:
            raise ConfigurationError(
                f"agency {workspace_id}: its CRM is {crm}, and its crm_account {account!r} is none of it. "
                f"Write {crm}:<portal or customer>."
            )
        return cls(workspace_id=workspace_id, crm=crm, id=number)


CrmFactory = Callable[[CrmAccount], Crm]
"""Makes the CRM of an account. It raises ConfigurationError where something is missing."""

CRMS: Mapping[str, str] = {
    "table": "groundwork.blocks.nurture.crm.table:TableCrm",
    "hubspot": "groundwork.blocks.nurture.crm.hubspot.crm:HubSpotCrm",
    "reapit": "groundwork.blocks.nurture.crm.reapit.crm:ReapitCrm",
}
"""Our own; each is imported by the process that uses it."""


def crm_at(account: CrmAccount) -> Crm:
    """The CRM of an account.

    Raises:
        ConfigurationError: there is none of its name, it cannot be imported, or it lacks something.
    """
    crms = _registered()
    where = crms.get(account.crm)
    if where is None:
        raise ConfigurationError(
            f"agency {account.workspace_id}: there is no CRM {account.crm!r}{did_you_mean(account.crm, crms)}. "
            f"A package brings one by the entry point {GROUP}."
        )
    return _imported(where)(account)


@process_cache
def _registered() -> dict[str, str]:
    """Where each CRM is, by name."""
    found = dict(CRMS)
    for point in entry_points(group=GROUP):
        # One that is installed twice on the path is found twice.
        if found.setdefault(point.name, point.value) != point.value:
            raise ConfigurationError(
                f"two CRMs are named {point.name}: {found[point.name]} and {point.value}; "
                "rename one in its pyproject.toml"
            )
    return found


@process_cache
def _imported(where: str) -> CrmFactory:
    try:
        factory: CrmFactory = EntryPoint(name="", value=where, group=GROUP).load()
    except Exception as error:
        raise ConfigurationError(
            f"the CRM {where} cannot be loaded: {type(error).__name__}: {error}. Install its package anew (ours: "
            "groundwork[nurture]), or correct its entry point."
        ) from error
    return factory
