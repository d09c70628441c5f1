"""The fitness application for gyms: wearable readings, scores, risk alerts, the social feed, pushes elsewhere."""

from groundwork.blocks.applications import Application

application = Application(
    name="fitness",
    jobs="groundwork.flows.fitness",
    events="groundwork.events.fitness",
    schema="groundwork.blocks.schema.fitness",
    migrations="groundwork.blocks.migrations.fitness",
    settings="groundwork.tasks.fitness.settings:FitnessSettings",
    templates="groundwork.notifications:templates/fitness",
    hooks="groundwork.deployments.gateway.fitness.hooks:sources",
    commands="groundwork.deployments.commands.fitness:app",
    demo="groundwork.deployments.commands.fitness.demo:demo",
    seed="groundwork.deployments.commands.fitness.seeding:sow",
    demo_name="platform",
)
