"""The contacts application: imports and exports of contacts, the weekly digest, the welcome mail."""

from groundwork.blocks.applications import Application

application = Application(
    name="contacts",
    jobs="groundwork.flows.contacts",
    events="groundwork.events.contacts",
    schema="groundwork.blocks.schema.contacts",
    migrations="groundwork.blocks.migrations.contacts",
    settings="groundwork.tasks.contacts.settings:ContactsSettings",
    templates="groundwork.notifications:templates/contacts",
    preload="groundwork.tasks.contacts.imports.rows.vocabulary:preload",
    routes="groundwork.deployments.gateway.contacts:router",
    commands="groundwork.deployments.commands.contacts:app",
    demo="groundwork.deployments.commands.contacts.demo:demo",
    seed="groundwork.deployments.commands.contacts.seeding:sow",
)
