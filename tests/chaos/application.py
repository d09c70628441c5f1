"""The chaos suite's jobs, as an application beside the others."""

from groundwork.blocks.applications import Application

application = Application(name="chaos", jobs="tests.chaos.watched_jobs", events="tests.chaos.count_events")
