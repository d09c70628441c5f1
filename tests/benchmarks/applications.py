"""The benchmarks' jobs, as applications beside the others."""

from pathlib import Path

from groundwork.blocks.applications import Application
from tests.integration.stack.running import PROJECT

one_step = Application(name="one-step", jobs="tests.benchmarks.one_step", events="tests.benchmarks.one_step")
lanes = Application(name="lanes", jobs="tests.benchmarks.lanes", events="tests.benchmarks.lanes")

light = Application(name="light", jobs="tests.benchmarks.light_jobs", events="tests.benchmarks.light_jobs")

waits = Application(name="waits", jobs="tests.benchmarks.waits", events="tests.benchmarks.waits")


def settings_of(application: Application) -> dict[str, str]:
    """The environment of a stack that has one of them."""
    attribute = application.name.replace("-", "_")
    folder = Path(__file__).parent / f"{attribute}_project"
    return {
        "PYTHONPATH": str(PROJECT),
        "GROUNDWORK_APPLICATIONS": f"contacts,operations,{__name__}:{attribute}",
        "GROUNDWORK_PROJECT": f"{PROJECT},{folder}",
    }
