"""Automations that a person has disabled, over a deploy that makes them anew."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import Automation, EventTrigger

from groundwork.blocks.prefect_client import pages, prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE


@contextmanager
def stay_disabled() -> Iterator[None]:
    """Disable again, after the block, what was disabled before it: `prefect deploy` deletes the automations of a
    deployment, whatever their names, and makes those of prefect.yaml."""
    disabled = _disabled()
    yield
    if disabled:
        with prefect_client(LONGEST_PAUSE) as client:
            for each in pages(lambda **page: client.read_automations(**page)):
                if each.enabled and _what_it_does(each) in disabled:
                    client.pause_automation(each.id)


def _disabled() -> set[Hashable]:
    """What no automation does because each that would is disabled."""
    with prefect_client(LONGEST_PAUSE) as client:
        automations = list(pages(lambda **page: client.read_automations(**page)))
    enabled = {_what_it_does(each) for each in automations if each.enabled}
    return {what for each in automations if not each.enabled and (what := _what_it_does(each)) is not None} - enabled


def _what_it_does(automation: Automation) -> Hashable:
    """Which events start which deployment; None where it starts none. Names may change from deploy to deploy."""
    deployments = [each.deployment_id for each in automation.actions if isinstance(each, RunDeployment)]
    if len(deployments) != 1:
        return None
    trigger = automation.trigger
    return deployments[0], frozenset(trigger.expect) if isinstance(trigger, EventTrigger) else trigger.type
