"""Prefect makes dates of the cron schedules in ``prefect.yaml``, with the libraries that are installed."""

import asyncio
from pathlib import Path

import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

PROJECT = Path(__file__).parents[3]
SCHEDULES = [
    (block["name"], schedule)
    for block in yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    for schedule in block.get("schedules") or []
]


def test_there_are_schedules():
    assert SCHEDULES


@pytest.mark.parametrize(("name", "schedule"), SCHEDULES)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_schedule_has_dates_in_any_time_zone(name: str, schedule: dict[str, str], zone: str):
    dates = asyncio.run(CronSchedule(cron=schedule["cron"], timezone=zone).get_dates(n=2))
    assert len(dates) == 2
