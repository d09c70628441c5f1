"""Sample data of the notifications, to see and to test them with: ``sample.json`` beside each template.

It holds the values that a job gives; a user is added. ``{"bar_chart": {…}}`` stands for a picture of that chart.
"""

from typing import Any

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.suggestions import did_you_mean
from groundwork.notifications.chart import BarChart
from groundwork.notifications.rendering import Rendered, render, sample, templates

_USER = {"name": "Ada", "email": "ada@example.com"}


def sample_values(template: str) -> dict[str, Any]:
    """What a template might be given.

    Raises:
        UnknownName: there is no such notification.
        ConfigurationError: it has no sample.
    """
    if template not in templates():
        raise UnknownName(f"unknown notification {template!r}{did_you_mean(template, templates())}")
    values = sample(template)
    if values is None:
        raise ConfigurationError(f"notification {template!r} has no sample.json; put one beside its body.html.j2")
    return {"user": _USER} | {name: _picture(value) for name, value in values.items()}


def render_sample(template: str) -> Rendered:
    """A notification with its sample data.

    Raises:
        UnknownName, ConfigurationError: as :func:`sample_values`.
    """
    return render(template, **sample_values(template))


def _picture(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"bar_chart"}:
        return BarChart(**value["bar_chart"]).image()
    return value
