"""Operations: flows that look after Groundwork itself."""

from groundwork.blocks.applications import Application

application = Application(
    name="operations",
    jobs="groundwork.flows.operations",
    events="groundwork.events.bounces",
    templates="groundwork.notifications:templates/operations",
)
