"""Alerts and dashboard: what they ask for is there, Prometheus takes it, and alerts come when they should."""

import json
import re
from pathlib import Path

import pytest
import yaml

from groundwork.deployments.gateway import hook_counts, metrics
from tests.linters import linter, says
from tests.wheel import ROOT

FOLDER = ROOT / "deployments" / "hosting" / "monitoring"
METRICS = {family[0] for family in metrics._FAMILIES} | {"groundwork_webhooks_total"}


@pytest.fixture
def promtool() -> str:
    return linter("promtool", "apt-get install prometheus")


def panels() -> list[dict]:
    return json.loads((FOLDER / "dashboard.json").read_text())["panels"]


def expressions() -> list[str]:
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    alerts = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return asked + [rule["expr"] for group in alerts for rule in group["rules"]]


def test_prometheus_takes_the_alerts_and_the_scrape_configuration(promtool: str):
    says(promtool, "check", "rules", str(FOLDER / "alerts.yaml"))
    says(promtool, "check", "config", "--syntax-only", str(FOLDER / "scrape.yaml"))


def test_alerts_come_when_they_should_and_not_otherwise(promtool: str):
    says(promtool, "test", "rules", str(FOLDER / "alerts-test.yaml"))


def test_every_alert_is_tried(promtool: str):
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    tests = yaml.safe_load((FOLDER / "alerts-test.yaml").read_text())["tests"]
    fired = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each["exp_alerts"]}
    quiet = {each["alertname"] for test in tests for each in test["alert_rule_test"] if not each["exp_alerts"]}
    assert fired == quiet == {rule["alert"] for rule in group["rules"]}


def test_prometheus_takes_what_the_dashboard_asks(promtool: str, tmp_path: Path):
    asked = [each.replace("$__rate_interval", "1m").replace("$job", ".*") for each in expressions()]
    rules = [{"record": f"a:{number}", "expr": each} for number, each in enumerate(asked)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    says(promtool, "check", "rules", str(tmp_path / "rules.yaml"))


def test_only_metrics_that_there_are_are_asked_for():
    asked = {name for each in expressions() for name in re.findall(r"\bgroundwork_\w+", each)}
    assert asked == METRICS
    assert "groundwork_webhooks_total" in Path(hook_counts.__file__).read_text()


def test_panels_say_what_they_show_and_lie_beside_each_other():
    taken = set()
    for each in panels():
        assert each["description"]
        place = each["gridPos"]
        fields = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & fields
        assert place["x"] + place["w"] <= 24
        taken |= fields
    assert len({each["id"] for each in panels()}) == len(panels())
