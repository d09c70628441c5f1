"""What stands below each mail, whoever wrote it; and the mail as HTML. All markup in it is ours."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from groundwork.blocks.process_cache import process_cache
from groundwork.notifications.rendering import Rendered
from groundwork.tasks.nurture.agency import Agency
from groundwork.tasks.nurture.sequences.record import Mail


def with_footer(mail: Mail, agency: Agency, unsubscribe_url: str) -> Rendered:
    """The mail with who sends it, from where, and how to get no more of them."""
    values = {"mail": mail, "agency": agency, "unsubscribe_url": unsubscribe_url}
    text, html = (
        _environment().get_template(f"mail.{kind}.j2").render(values, paragraphs=mail.body.split("\n\n"))
        for kind in ("txt", "html")
    )
    return Rendered(mail.subject, text.strip() + "\n", html)


@process_cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
