"""What members of an invented gym do on its feed, by what a route handler calls."""

from dataclasses import dataclass

from sqlalchemy import Connection

from groundwork.deployments.commands.fitness.demonstration.invented import Gym, member_id
from groundwork.tasks.fitness.social.comments import comment
from groundwork.tasks.fitness.social.follows import follow
from groundwork.tasks.fitness.social.posts import create_post
from groundwork.tasks.fitness.social.reactions import react

_MOST_FOLLOWERS, _MOST_REACTIONS = 300, 60
_REACTIONS = ("fire", "like", "strong")
_COMMENTS = ("Huge. How long did that take you?", "Saw it from the rowers, well done!", "Teach me.")


@dataclass(frozen=True, slots=True)
class Circle:
    """Those who follow the gym's star, and each other in a ring.

    Attributes:
        followers: their places; each is followed by the one before.
        reacting: how many of them react to the star's post.
    """

    followers: list[int]
    reacting: int

    @classmethod
    def of(cls, gym: Gym) -> "Circle":
        """That of a gym."""
        others = [place for place in range(gym.members) if place != gym.star]
        return cls(others[:_MOST_FOLLOWERS], min(_MOST_REACTIONS, len(others)))


def follow_each_other(connection: Connection, gym: Gym, circle: Circle) -> None:
    """Have all of them follow the star, and each the next one."""
    following = circle.followers
    for place, after in zip(following, [*following[1:], following[0]], strict=True):
        follow(connection, gym.workspace_id, member_id(place), member_id(gym.star))
        follow(connection, gym.workspace_id, member_id(place), member_id(after))


def post_and_react(connection: Connection, gym: Gym, circle: Circle) -> str:
    """Have the star post something, and others react and comment. Returns the post's id."""
    workspace_id = gym.workspace_id
    post_id = create_post(connection, workspace_id, member_id(gym.star), "First muscle-up today, after two years.")
    for number, place in enumerate(circle.followers[: circle.reacting]):
        reaction = _REACTIONS[number % len(_REACTIONS)]
        react(connection, workspace_id, member_id(place), post_id, reaction=reaction)
    for text, place in zip(_COMMENTS, circle.followers[1:], strict=False):
        comment(connection, workspace_id, member_id(place), post_id, text=text)
    return post_id
