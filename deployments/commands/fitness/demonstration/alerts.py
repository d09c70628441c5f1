"""The mails by which a demo's coach is told of risks."""

from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path

from groundwork.deployments.commands.fitness.demonstration.invented import Gym, member_name
from groundwork.deployments.commands.outbox import Outbox
from groundwork.tasks.fitness.risks.figures import FIGURES


class Alerts:
    """Looks for them.

    Raises:
        ConfigurationError: mails go to a mail server.
    """

    expected = ("load-spike", "hrv")
    """Figures of the member who trains too much."""

    def __init__(self, gym: Gym) -> None:
        self._outbox = Outbox(gym.coach_address)
        self._name = member_name(gym.spiking)

    @property
    def found(self) -> Mapping[str, Path]:
        """Files of the mails about that member, by figure."""
        files = {figure: self._outbox.find(f"{FIGURES[figure].title}: {self._name}") for figure in self.expected}
        return {figure: file for figure, file in files.items() if file is not None}

    @property
    def others(self) -> int:
        """How many mails there are about other members."""
        return sum(not subject.endswith(f": {self._name}") for subject in self._outbox.mails().values())


def chart_of(mail: Path) -> bytes | None:
    """The chart in a mail, a PNG; None where it has none."""
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    for part in message.walk():
        if part.get_content_type() == "image/png":
            return bytes(part.get_payload(decode=True))
    return None
