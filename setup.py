"""The packages of the wheel: the folder ``flows`` is ``groundwork.flows``, and so on. The rest is in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = {room: room for room in ("blocks", "events", "tasks", "flows", "notifications", "deployments")}
FOLDERS = ROOMS | {"testing": "tests/kit"}
"""Each package below ``groundwork``, and its folder."""

setup(
    package_dir={f"groundwork.{name}": folder for name, folder in FOLDERS.items()},
    packages=[
        f"groundwork.{package}"
        for name, folder in FOLDERS.items()
        for package in (name, *(f"{name}.{each}" for each in find_packages(folder)))
    ],
)
