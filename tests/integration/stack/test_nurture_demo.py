"""``groundwork demo nurture`` against a running stack: everything comes through, and is shown."""

import json
from email import message_from_bytes, policy
from pathlib import Path

from tests.integration.stack.running import RunningStack


def test_the_demo_prints_figures_of_all_that_came_through(stack: RunningStack):
    demo = stack.groundwork("demo", "nurture", "--contacts", "24", "--json")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    figures = json.loads(demo.stdout)
    assert (figures["state"], figures["error"]) == ("done", None)
    assert [figures[name] for name in ("contacts", "sequences", "in_crm")] == [24, 24, 24]
    assert 20 <= figures["first_mails"] <= 24
    assert figures["by_category"] == dict.fromkeys(
        ("applicant", "buyer", "investor", "landlord", "tenant", "vendor"), 4
    )
    assert figures["sources"] == [{"source": "builtin", "fallback_reason": None, "sequences": 24}]
    assert figures["bands"] == {"hot": 1, "warm": 3, "cold": 16}
    assert 60 <= figures["hot_lead"]["score"] <= 80
    assert figures["runs"]["alert-hot-lead"] == 1
    assert 1 <= figures["runs"]["generate-sequence"] <= 3
    assert figures["run_urls"]["alert-hot-lead"].startswith(f"http://127.0.0.1:{stack.prefect_port}/runs/flow-run/")
    alert = message_from_bytes(Path(figures["alert_mail"]).read_bytes(), policy=policy.default)
    assert str(alert["To"]).endswith(f"<sam@{figures['workspace']}.example>")
    assert "asked for a valuation" in alert.get_body(("plain",)).get_content()
    assert 0 < figures["seconds"]["hot lead told of"] < 60


def test_the_demo_shows_a_person_a_whole_sequence_and_what_waits(stack: RunningStack):
    demo = stack.groundwork("demo", "nurture", "--contacts", "6")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    shown = demo.stdout
    assert "The hottest lead is " in shown
    assert shown.count("Warm regards,\n") == 3
    assert shown.count("[due ") == 2
    assert "What waits: the second and third mails" in shown
    assert "sequences written: 6 after" in demo.stderr
