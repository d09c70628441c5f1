"""The nurture application for property agencies: written sequences, CRM sync, intent scores, alerts of hot leads."""

from groundwork.blocks.applications import Application

application = Application(
    name="nurture",
    jobs="groundwork.flows.nurture",
    events="groundwork.events.nurture",
    schema="groundwork.blocks.schema.nurture",
    migrations="groundwork.blocks.migrations.nurture",
    settings="groundwork.tasks.nurture.settings:NurtureSettings",
    blocks=("groundwork.blocks.nurture.writer:Writer",),
    preload="groundwork.blocks.nurture.writer:preload",
    templates="groundwork.notifications:templates/nurture",
    routes="groundwork.deployments.gateway.nurture:router",
    hooks="groundwork.deployments.gateway.nurture.hooks:sources",
    commands="groundwork.deployments.commands.nurture:app",
    demo="groundwork.deployments.commands.nurture.demo:demo",
    seed="groundwork.deployments.commands.nurture.seeding:sow",
)
