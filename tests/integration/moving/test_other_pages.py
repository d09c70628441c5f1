"""The examples of the guides from Celery and from BullMQ run as they stand there, and end as they say."""

from typing import Any

import pytest

from groundwork.blocks.database import Database, database
from groundwork.events.base import Event
from groundwork.events.inbox.event_types import register_event_types
from groundwork.events.inbox.sql_send import install
from tests.integration.moving.page import DOCS, Block, Example, run_section, scheduled_run, sections_of

PAGES = ("celery", "bullmq")
EXAMPLES = [
    (page, heading)
    for page in PAGES
    for heading, blocks in sections_of(DOCS / f"moving-from-{page}.md").items()
    if any(block.language == "text" for block in blocks)
]

pytestmark = pytest.mark.usefixtures("prefect_api", "own_jobs")


def blocks_of(page: str, heading: str) -> tuple[str, list[Block]]:
    """What a page imports, and a section of it."""
    sections = sections_of(DOCS / f"moving-from-{page}.md")
    [imports, *_] = [block for blocks in sections.values() for block in blocks]
    return imports.content, sections[heading]


def send_by_sql(example: Example, statement: str) -> None:
    """Have PostgreSQL send an event of the page's types, as after a deploy."""
    own = [
        each
        for each in example.names.values()
        if isinstance(each, type) and issubclass(each, Event) and each is not Event
    ]
    with database().transaction() as connection:
        install(connection)
        register_event_types(connection, own)
        assert connection.exec_driver_sql(statement).scalar_one()


@pytest.mark.parametrize(("page", "heading"), EXAMPLES)
def test_an_example_ends_as_the_page_says(db: Database, own_module: dict[str, Any], page: str, heading: str) -> None:
    imports, blocks = blocks_of(page, heading)
    example = Example(db, own_module)
    example.execute(imports)
    others = {"yaml": scheduled_run(example), "sql": lambda statement: send_by_sql(example, statement)}
    assert run_section(example, blocks, others) == []
    assert example.ends() == []  # what SQL sent was known by its id


def test_both_pages_have_examples() -> None:
    assert {page for page, _ in EXAMPLES} == set(PAGES)
    assert len(EXAMPLES) == 6
