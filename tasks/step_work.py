"""A piece of work: a step and what it is asked to do. Results, ledger rows and follow-on events are those of one."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

from groundwork.blocks.blob.store import blob_store
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.ledger import LedgerAddress
from groundwork.tasks.step_identity import StepIdentity
from groundwork.tasks.step_inputs import inputs_text, ledger_key, old_digest, old_ledger_key
from groundwork.tasks.step_results import PREFIX, result_key

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepWork:
    """One piece of a step's work.

    Attributes:
        step: whose it is.
        inputs: what identifies it: values of parameters, or of their attributes.
    """

    step: StepIdentity
    inputs: Mapping[str, Any]

    @classmethod
    def of(cls, step: StepIdentity, key: tuple[str, ...] | None, parameters: Mapping[str, Any]) -> "StepWork":
        """The work of a call.

        Args:
            key: what ``@step(key=…)`` says.
            parameters: of the call.
        """
        return cls(step, identifying(key, parameters))

    @cached_property
    def name(self) -> str:
        """Names it within its delivery: the step's short name, and a digest of its identity and the inputs.

        Raises:
            ConfigurationError: an input cannot be part of it.
        """
        content = f"{self.step.full}\n{inputs_text(self.step.short, self.inputs)}"
        return f"{self.step.short}:{hashlib.sha256(content.encode()).hexdigest()}"

    @property
    def old_name(self) -> str | None:
        """What named it in releases in which a step went by its short name; None where that says nothing."""
        if not self.step.has_old_name or (digest := old_digest(self.inputs)) is None:
            return None
        return f"{self.step.short}:{digest}"

    @property
    def address(self) -> LedgerAddress:
        """Where it is in the step ledger.

        Raises:
            ConfigurationError: an input cannot be part of it.
        """
        key = ledger_key(self.step.short, self.inputs)
        return LedgerAddress(self.step.short, key, self.step.full, old_ledger_key(self.inputs))

    def result_key(self, attempt: Attempt) -> str:
        """The key of its result for Prefect.

        An attempt before a deploy may have kept it under the name of that release. A first attempt has none before it.
        """
        self.step.require_one_function(attempt)
        new = result_key(attempt.delivery_id, self.name)
        if attempt.token == 1 or (old_name := self.old_name) is None:
            return new
        old = result_key(attempt.delivery_id, old_name)
        return old if _is_there(old) else new


def _is_there(key: str) -> bool:
    try:
        return blob_store().exists(PREFIX + key)
    except Exception as error:  # whatever the store has, the step can run again, and keep its result
        logger.warning("could not look for %s, which an earlier release may have kept: %s", key, error)
        return False


def identifying(key: tuple[str, ...] | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, or attributes of theirs, that a key names; all of them where there is none."""
    if key is None:
        return dict(parameters)
    found = {}
    for each in key:
        parameter, *attributes = each.split(".")
        if parameter in parameters:
            found[each] = reduce(getattr, attributes, parameters[parameter])
    return found
