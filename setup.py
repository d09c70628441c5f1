"""The packages of the wheel: the folder ``flows`` is ``groundwork.flows``, and so on. The rest is in pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ("blocks", "events", "tasks", "flows", "notifications", "deployments")

setup(
    package_dir={f"groundwork.{room}": room for room in ROOMS},
    packages=[
        f"groundwork.{package}"
        for room in ROOMS
        for package in (room, *(f"{room}.{each}" for each in find_packages(room)))
    ],
)
