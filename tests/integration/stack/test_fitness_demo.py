"""``groundwork demo platform`` against a running stack: everything comes through, and is shown."""

import json
from email import message_from_bytes, policy
from pathlib import Path

from tests.integration.stack.running import RunningStack


def test_the_demo_prints_figures_of_all_that_came_through(stack: RunningStack):
    demo = stack.groundwork("demo", "platform", "--members", "20", "--json")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    figures = json.loads(demo.stdout)
    assert (figures["state"], figures["error"]) == ("done", None)
    assert figures["members"] == 20
    # 12 wear a band for 90 nights; one value cannot be, and six nights of one member came late, of one metric.
    assert (figures["readings"], figures["rejected"]) == (12 * 90 * 3 - 1 - 2 * 6, 1)
    assert 20 * 84 <= figures["scores"] <= 20 * 91
    assert figures["top"][0]["member_id"] == "member-1"
    assert figures["top"][0]["ratio"] > 1.5
    assert {(each["member"], each["figure"]) for each in figures["risks"]} == {
        ("member-1", "hrv"),
        ("member-1", "load-spike"),
        ("member-7", "sleep-debt"),
        ("member-8", "churn"),
    }
    assert {each["verb"] for each in figures["feed"]} >= {"follow", "reaction"}
    assert 0 < figures["seconds"]["spike told of"] < 60
    assert figures["runs"]["alert-injury-risk"] == 3
    assert figures["run_urls"]["import-readings"].startswith(f"http://127.0.0.1:{stack.prefect_port}/runs/flow-run/")
    alert = message_from_bytes(Path(figures["alert_mails"]["load-spike"]).read_bytes(), policy=policy.default)
    assert str(alert["To"]).endswith(f"<noa@{figures['workspace']}.example>")
    assert "EWMA" in alert.get_body(("plain",)).get_content()
    assert Path(figures["chart"]).read_bytes().startswith(b"\x89PNG")


def test_the_demo_shows_a_person_scores_risks_and_a_feed(stack: RunningStack):
    demo = stack.groundwork("demo", "platform", "--members", "10")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    shown = demo.stdout
    assert "load has grown most" in shown
    assert "Heart rate variability" in shown
    assert "Feed of Ines Calder" in shown
    assert "What waits: a digest to Maren Holt" in shown
    assert "Ines Calder logs four hard days" in demo.stderr
