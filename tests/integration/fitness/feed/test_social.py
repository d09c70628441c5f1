"""What members do is stored with the event that says so, once."""

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.social.reactions import react
from tests.factories import scalar
from tests.integration.fitness.feed.gym import ACME, Members, add_members


def sent(db) -> list[str]:
    with db.transaction() as connection:
        return list(connection.execute(text("SELECT name FROM groundwork.event ORDER BY id")).scalars())


def test_each_thing_that_a_member_does_is_told_once_however_often_it_is_done(db, members):
    for _ in range(2):
        members.follow("ben", "ada")
        members.post("ada", "p1")
        members.comment("ben", "p1", "c1")
        members.react("ben", "p1")
    for _ in range(2):
        members.unreact("ben", "p1")
        members.delete_comment("c1")
        members.delete("p1")
        members.unfollow("ben", "ada")
    assert sent(db) == [
        f"platform/social.{each}"
        for each in (
            "follow-added", "post-created", "comment-added", "reaction-added",
            "reaction-removed", "comment-deleted", "post-deleted", "follow-removed",
        )
    ]  # fmt: skip


def test_what_is_rolled_back_was_neither_stored_nor_told(db, members):
    members.post("ada", "p1")
    with pytest.raises(ZeroDivisionError), db.transaction() as connection:
        react(connection, ACME, "ben", "p1")
        raise ZeroDivisionError
    assert sent(db) == ["platform/social.post-created"]
    assert scalar(db, "SELECT count(*) FROM fitness.reaction") == 0


def test_what_is_done_again_is_the_same_activity(db, members):
    members.post("ada", "p1")
    for _ in range(3):
        assert members.react("ben", "p1")
        assert members.unreact("ben", "p1")
    assert members.react("ben", "p1")
    assert scalar(db, "SELECT count(*) FROM fitness.activity WHERE verb = 'reaction'") == 1
    assert scalar(db, "SELECT undone_at FROM fitness.activity WHERE verb = 'reaction'") is None


def test_the_author_is_told_of_others_and_not_of_themselves(db, members):
    members.post("ada", "p1")
    members.react("ada", "p1")
    members.react("ben", "p1")
    receivers = "SELECT array_agg(receiver_id ORDER BY actor_id) FROM fitness.activity WHERE verb = 'reaction'"
    assert scalar(db, receivers) == [None, "ada"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda members: members.follow("ben", "ben"),
        lambda members: members.follow("ben", "nobody"),
        lambda members: members.post("nobody", "p9"),
        lambda members: members.post("ben", "p1"),
        lambda members: members.react("nobody", "p1"),
        lambda members: members.react("ben", "p9"),
        lambda members: members.react("ben", "gone"),
        lambda members: members.react("ben", "p1", "LIKE!"),
        lambda members: members.comment("ben", "gone", "c1"),
        lambda members: members.comment("ben", "p1", "taken"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_leaves_nothing(db, members, wrong):
    members.post("ada", "p1")
    members.post("ada", "gone")
    members.delete("gone")
    members.comment("cleo", "p1", "taken")
    before = sent(db)
    with pytest.raises(NonRetriable):
        wrong(members)
    assert sent(db) == before


@pytest.mark.parametrize("words", ["", "  ", "x" * 5001, "a\0b"])
def test_a_text_that_cannot_be_shown_is_refused(db, members, words):
    from groundwork.tasks.fitness.social.posts import create_post

    with pytest.raises(NonRetriable, match="the text has"), db.transaction() as connection:
        create_post(connection, ACME, "ada", words)


def test_workspaces_know_nothing_of_each_other(db, members):
    add_members(db, ("ada", "ben"), workspace="globex")
    globex = Members(db, WorkspaceId("globex"))
    members.post("ada", "p1")
    with pytest.raises(NonRetriable):
        globex.react("ben", "p1")
    assert not globex.delete("p1")
    globex.post("ben", "p1")
    members.react("ben", "p1")
    assert scalar(db, "SELECT string_agg(workspace_id, ' ') FROM fitness.reaction") == "acme"
