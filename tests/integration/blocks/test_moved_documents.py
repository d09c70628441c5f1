"""Block documents of the former name, with a real Prefect server: what a person edited is kept, and is there once."""

import logging
from collections.abc import Iterator

import pytest
from prefect import get_client
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.configured import FORMER_DOCUMENT
from groundwork.blocks.mailer import Mailer
from groundwork.deployments.wiring.documents import ensure_document


@pytest.fixture(autouse=True)
def no_documents_are_left(prefect_api) -> Iterator[None]:
    """Neither by other tests, which deploy, nor by these."""
    _delete_documents()
    yield
    _delete_documents()


def _delete_documents() -> None:
    with get_client(sync_client=True) as client:
        for name in documents():
            client.delete_block_document(client.read_block_document_by_name(name, "groundwork-mailer").id)


def documents() -> dict[str, str | None]:
    """URLs by name of the document."""
    found = {}
    with get_client(sync_client=True) as client:
        for name in (FORMER_DOCUMENT, Mailer.document):
            try:
                found[name] = client.read_block_document_by_name(name, "groundwork-mailer").data["smtp_url"]
            except ObjectNotFound:
                continue
    return found


def save(name: str, url: str | None) -> None:
    Mailer(smtp_url=url).save(name)


def test_without_a_document_one_is_made_that_says_embedded_default():
    ensure_document(Mailer)
    ensure_document(Mailer)
    assert documents() == {"mail": None}


def test_what_was_edited_under_the_former_name_is_moved_with_its_secret():
    save(FORMER_DOCUMENT, "smtp://ada:secret@mail.example")
    ensure_document(Mailer)
    assert documents() == {"mail": "smtp://ada:secret@mail.example"}
    assert Mailer.configured().smtp_url.get_secret_value() == "smtp://ada:secret@mail.example"


def test_a_move_that_was_cut_short_is_brought_to_its_end():
    save(FORMER_DOCUMENT, "smtp://mail.example")
    save("mail", "smtp://mail.example")
    ensure_document(Mailer)
    assert documents() == {"mail": "smtp://mail.example"}


def test_the_document_that_an_older_version_made_again_is_removed():
    save("mail", "smtp://mail.example")
    save(FORMER_DOCUMENT, None)
    ensure_document(Mailer)
    assert documents() == {"mail": "smtp://mail.example"}


def test_an_edit_under_the_former_name_beside_a_document_that_nobody_edited_is_kept():
    save("mail", None)
    save(FORMER_DOCUMENT, "smtp://mail.example")
    ensure_document(Mailer)
    assert documents() == {"mail": "smtp://mail.example"}


def test_of_two_edited_documents_both_stay_and_a_person_is_told(caplog: pytest.LogCaptureFixture):
    save("mail", "smtp://new.example")
    save(FORMER_DOCUMENT, "smtp://old.example")
    with caplog.at_level(logging.WARNING, logger="groundwork.deployments.wiring.documents"):
        ensure_document(Mailer)
    assert documents() == {"mail": "smtp://new.example", FORMER_DOCUMENT: "smtp://old.example"}
    assert "prefect block delete groundwork-mailer/groundwork" in caplog.text
