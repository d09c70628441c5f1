"""Applications of a test's own, with notifications in them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from groundwork.blocks.process_cache import forget

Load = Callable[[Mapping[str, Mapping[str, str]]], None]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Makes applications of the templates' files by application, and loads them beside the contacts application."""

    def make(files: Mapping[str, Mapping[str, str]]) -> None:
        names = ["contacts", "operations"]
        for name, templates in files.items():
            package = f"{tmp_path.name}_{name}".replace("-", "_")
            (tmp_path / package).mkdir()
            (tmp_path / package / "__init__.py").write_text(
                "from groundwork.blocks.applications import Application\n"
                f"application = Application(name={name!r}, templates='{package}:mails')\n"
            )
            for path, content in templates.items():
                file = tmp_path / package / "mails" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
            names.append(f"{package}:application")
        monkeypatch.setenv("GROUNDWORK_APPLICATIONS", ",".join(names))
        forget()

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    monkeypatch.undo()
    forget()


def mail(name: str, **more: str) -> dict[str, str]:
    """The files of a small notification."""
    files = {
        "subject.txt.j2": f"About {name}",
        "body.txt.j2": '{% extends "base.txt.j2" %}{% block content %}Words.{% endblock %}',
        "body.html.j2": '{% extends "base.html.j2" %}{% block content %}<p>Words.</p>{% endblock %}',
        **{f"{file}.txt": content for file, content in more.items()},
    }
    return {f"{name}/{file}": content for file, content in files.items()}
