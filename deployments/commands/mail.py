"""``groundwork mail``."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.options import JsonOption

if TYPE_CHECKING:
    from groundwork.notifications.rendering import Rendered

app = typer.Typer(help="See the notifications without sending any.", no_args_is_help=True)

_FORMATS = (".html", ".txt", ".eml")


@app.command("list")
def list_templates(as_json: JsonOption = False) -> None:
    """List the notifications, each with the subject of its sample.

    Example:

      groundwork mail list
    """
    from groundwork.notifications.rendering import templates
    from groundwork.notifications.samples import render_sample

    subjects = {name: render_sample(name).subject for name in templates()}
    if as_json:
        print(json.dumps(subjects, ensure_ascii=False))
        return
    for name, subject in subjects.items():
        print(f"{name:<20} {subject}")


@app.command("preview")
def preview(
    template: Annotated[str, typer.Argument(help="Name of the notification; `groundwork mail list` shows them.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write: .html, .txt or .eml. Default: TEMPLATE.html in this folder."),
    ] = None,
) -> None:
    """Render a notification with its sample data to a file. An .eml file opens in a mail program.

    Examples:

      groundwork mail preview weekly_digest

      groundwork mail preview weekly_digest --out digest.eml
    """
    from groundwork.notifications.samples import render_sample

    file = out or Path(f"{template}.html")
    rendered = render_sample(template)
    if file.suffix not in _FORMATS:
        raise ConfigurationError(f"--out {file}: end the name in {', '.join(_FORMATS)}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_content(rendered, template, file.suffix))
    print(file)


def _content(rendered: "Rendered", template: str, suffix: str) -> bytes:
    if suffix == ".txt":
        return rendered.text.encode()
    if suffix == ".html":
        return _with_images(rendered).encode()
    from groundwork.notifications.message import compose
    from groundwork.notifications.samples import sample_values

    values = sample_values(template)
    message = compose(
        rendered,
        recipient=values["user"]["email"],
        name=values["user"]["name"],
        message_id=f"<sample-{template}@groundwork>",
        unsubscribe_url=values.get("unsubscribe_url"),
    )
    return message.as_bytes()


def _with_images(rendered: "Rendered") -> str:
    """The HTML for a browser, which knows no message to take the pictures from."""
    html = rendered.html
    for image in rendered.images:
        html = html.replace(image.src, f"data:image/png;base64,{base64.b64encode(image.png).decode()}")
    return html
