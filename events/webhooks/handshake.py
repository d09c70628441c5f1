"""How a provider asks, before it sends anything, whether this address wants its webhooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from groundwork.events.webhooks.proof import Unproved, same_as_any

LONGEST_CHALLENGE = 512
"""Characters that are echoed to whoever knows the verification token."""


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A GET with a token of ours and a challenge, which is echoed: Oura, Meta, Strava and others.

    Attributes:
        tokens: that the provider was given, read anew for each request; none: nobody is answered.
        token: name of the query's field with the token.
        challenge: name of the one with the challenge.
        answer: name of the field of the JSON that is answered; None: the challenge alone, as plain text.
        mode: further fields that the query has to have, such as ``hub.mode``.
    """

    tokens: Callable[[], Sequence[str]]
    token: str = "hub.verify_token"  # noqa: S105 - the name of a field
    challenge: str = "hub.challenge"
    answer: str | None = None
    mode: tuple[tuple[str, str], ...] = ()

    def reply(self, query: Mapping[str, str]) -> tuple[Literal["json", "text"], str]:
        """The form of the answer, and the challenge.

        Raises:
            Unproved: the token is none of ours.
            ValueError: the challenge cannot be echoed.
        """
        known = same_as_any(query.get(self.token, ""), [each for each in self.tokens() if each])
        if not known or any(query.get(name) != wanted for name, wanted in self.mode):
            raise Unproved("its handshake has another token")
        challenge = query.get(self.challenge, "")
        if not 1 <= len(challenge) <= LONGEST_CHALLENGE:
            raise ValueError(f"{self.challenge}: 1 to {LONGEST_CHALLENGE} characters.")
        return ("json" if self.answer else "text"), challenge
