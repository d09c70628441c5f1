"""Whatever is done in whatever order, with batches late and repeated, feeds end as a full recomputation has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.tasks.fitness.feed.fan_out import Named, Verb
from tests.integration.fitness.feed.gym import Members, add_members, feed_rows, trim

WHO = ("ada", "ben", "cleo")
POSTS = ("p0", "p1", "p2")
who, post, kind = st.sampled_from(WHO), st.sampled_from(POSTS), st.sampled_from(("like", "fire"))
pairs = st.tuples(who, who).filter(lambda pair: pair[0] != pair[1])

Step = tuple[str, tuple[object, ...]]
steps = st.one_of(
    st.tuples(st.just("follow"), pairs),
    st.tuples(st.just("unfollow"), pairs),
    st.tuples(st.just("post"), st.tuples(who, post)),
    st.tuples(st.just("delete"), st.tuples(post)),
    st.tuples(st.just("react"), st.tuples(who, post, kind)),
    st.tuples(st.just("unreact"), st.tuples(who, post, kind)),
    st.tuples(st.just("comment"), st.tuples(who, post)),
    st.tuples(st.just("uncomment"), st.tuples(who, post)),
    st.tuples(st.just("fan out"), st.tuples(st.integers(0, 99))),
    st.tuples(st.just("trim"), st.just(())),
)


@dataclass
class World:
    """A gym, and a model of what holds in it: the activities in order, as verb, actor, post and object."""

    members: Members
    follows: set[tuple[str, str]] = field(default_factory=set)
    authors: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    holding: set[tuple[str, str, str, str]] = field(default_factory=set)
    sent: list[tuple[Verb, Named]] = field(default_factory=list)
    done: set[int] = field(default_factory=set)

    def do(self, step: Step) -> None:
        name, given = step
        getattr(self, name.replace(" ", "_"))(*given)

    def follow(self, follower: str, followed: str) -> None:
        if self.members.follow(follower, followed):
            self.follows.add((follower, followed))
            self._hold("follow", follower, "", followed)

    def unfollow(self, follower: str, followed: str) -> None:
        self.members.unfollow(follower, followed)
        self.follows.discard((follower, followed))
        self.holding.discard(("follow", follower, "", followed))

    def post(self, author: str, post_id: str) -> None:
        if post_id not in self.authors:
            self.members.post(author, post_id)
            self.authors[post_id] = author
            self._hold("post", author, post_id, "")

    def delete(self, post_id: str) -> None:
        if self.members.delete(post_id):
            self.deleted.add(post_id)

    def react(self, actor: str, post_id: str, reaction: str) -> None:
        if self._is_there(post_id) and self.members.react(actor, post_id, reaction):
            self._hold("reaction", actor, post_id, reaction)

    def unreact(self, actor: str, post_id: str, reaction: str) -> None:
        self.members.unreact(actor, post_id, reaction)
        self.holding.discard(("reaction", actor, post_id, reaction))

    def comment(self, actor: str, post_id: str) -> None:
        comment_id = f"{actor}-{post_id}"
        known = any(named.object_id == comment_id for _, named in self.sent)
        if self._is_there(post_id) and not known:
            self.members.comment(actor, post_id, comment_id)
            self._hold("comment", actor, post_id, comment_id)

    def uncomment(self, actor: str, post_id: str) -> None:
        self.members.delete_comment(f"{actor}-{post_id}")
        self.holding.discard(("comment", actor, post_id, f"{actor}-{post_id}"))

    def fan_out(self, number: int) -> None:
        """Run the batch of one event: early, late or again."""
        if self.sent:
            number %= len(self.sent)
            verb, named = self.sent[number]
            self.members.fan_out(verb, [named])
            self.done.add(number)

    def trim(self) -> None:
        trim(self.members.db)

    def run_all(self) -> None:
        """Run what has not run yet."""
        for number in range(len(self.sent)):
            if number not in self.done:
                self.fan_out(number)

    def expected(self) -> list[tuple[str, str, str, str, str]]:
        """Each feed in full: what holds of those who are followed, of posts that are there."""
        return sorted(
            (follower, *each)
            for follower, followed in self.follows
            for each in self.holding
            if each[1] == followed and each[2] not in self.deleted
        )

    def seen(self) -> list[tuple[str, str, str, str, str]]:
        return sorted((owner, *each) for owner in WHO for each in self.members.seen(owner))

    def _is_there(self, post_id: str) -> bool:
        return post_id in self.authors and post_id not in self.deleted

    def _hold(self, verb: Verb, actor: str, post_id: str, object_id: str) -> None:
        self.holding.add((verb, actor, post_id, object_id))
        self.sent.append((verb, Named(actor_id=actor, post_id=post_id, object_id=object_id)))


@pytest.mark.parametrize("pushed", [100_000, 1], ids=["into feeds", "merged in"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=st.lists(steps, max_size=30))
def test_any_order_ends_as_a_full_recomputation(db, setting, pushed: int, done: Sequence[Step]):
    setting(feed_push_followers=pushed)
    with db.transaction() as connection:
        connection.execute(
            text(
                "TRUNCATE fitness.member, fitness.follow, fitness.post, fitness.comment, fitness.reaction,"
                " fitness.activity, fitness.feed, fitness.digest_group CASCADE"
            )
        )
    add_members(db, WHO)
    world = World(Members(db))
    for step in done:
        world.do(step)
    world.run_all()
    assert world.seen() == world.expected()
    trim(db)
    assert world.seen() == world.expected()
    if pushed > 1:
        with db.transaction() as connection:
            assert feed_rows(connection) == world.expected()
