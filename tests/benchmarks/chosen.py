"""Which benchmarks are run: those that are named, and those of an application that is."""

import pkgutil

import tests.benchmarks

OF_APPLICATIONS = {
    "contacts": ("import", "export"),
    "nurture": ("nurture_contacts", "nurture_scores"),
    "fitness": ("readings", "scores", "feed"),
}
"""Benchmarks by the application whose jobs they measure. The others measure the engine."""


def known() -> list[str]:
    """The names of all benchmarks."""
    modules = [each.name for each in pkgutil.iter_modules(tests.benchmarks.__path__)]
    return [each.removeprefix("bench_") for each in modules if each.startswith("bench_")]


def chosen(words: str | None) -> list[str]:
    """The benchmarks that are meant, each once.

    Args:
        words: names of benchmarks and applications, with commas; None for all.

    Raises:
        ValueError: there is none of a name; the message names those that there are.
    """
    names = known()
    if words is None:
        return names
    asked = [name for word in words.split(",") for name in OF_APPLICATIONS.get(word, (word,))]
    if unknown := sorted(set(asked) - set(names)):
        raise ValueError(f"unknown benchmark {', '.join(unknown)}; known are {', '.join(names)}; {of_applications()}")
    return list(dict.fromkeys(asked))


def of_applications() -> str:
    """Each application with its benchmarks, in words."""
    told = (f"{application} ({', '.join(names)})" for application, names in OF_APPLICATIONS.items())
    return f"all of an application: {', '.join(told)}"
