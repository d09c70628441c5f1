"""``kill -9`` during each step: nobody is written to twice, no contact is in the CRM twice, and each call of the model
that was open at the kill is repeated once at most.

A kill behind a call's answer and before it is kept cannot be told from one before the call: where the provider takes no
idempotency key (chat completions, SMTP), the call is made again. Of two mails with one Message-ID the reader sees one.
``KILL_SEEDS=50 python -m pytest -s tests/integration/nurture/killed`` kills at more points, and prints what came of it.
"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from groundwork.events.inbox.clock import advance
from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.tasks.nurture.leads.engagement import record_engagement
from tests.factories import scalar
from tests.integration.killed_runs import SEEDS, Point, Tally
from tests.integration.mailing import add_user
from tests.integration.nurture.agencies import ACME, add_agency, contact, give, rows
from tests.integration.nurture.killed.conftest import World
from tests.integration.nurture.leads.agency import NO_QUIET, add_contact

Go = Callable[[Point | None], int]
NAMES = ("Ann", "Beatrice")
DAY = 86_400.0
OUTSIDE = "-"
"""Of the job's steps: where it is claimed and settled."""
HUBSPOT = {"crm": "hubspot", "crm_account": "hubspot:62515"}

WRITING = [
    ("start-sequence", "send-follow-ons"),
    ("generate-sequence", "resolve-brand-voice"),
    ("generate-sequence", "find-work"),
    ("generate-sequence", "ask-model"),
    ("generate-sequence", "store-sequences"),
    ("push-to-crm", "read-outgoing"),
    ("push-to-crm", "push-contacts"),
    ("push-to-crm", "record-push"),
    ("send-sequence", "plan-mails"),
    ("send-sequence", "send-mail"),
]
TEMPLATES = [("generate-sequence", "ask-model"), ("generate-sequence", "keep-template")]
DAYS = [("send-sequence", "send-mail"), ("send-sequence", "finish-sequence")]
LEADS = [
    ("record-engagement", "store-engagements"),
    ("score-intent", "score-leads"),
    ("alert-hot-lead", "claim-alert"),
    ("alert-hot-lead", "find-end-of-quiet"),
    ("alert-hot-lead", "prepare-alert"),
    ("alert-hot-lead", "mail-agent"),
    ("alert-hot-lead", "call-webhook"),
]


def write_to_two(db, world: World, go: Go, point: Point, tally: Tally) -> int:
    """A model writes to two contacts, who are pushed and get their first mail. Gives the number of kills."""
    add_agency(db, writing="contacts", **HUBSPOT)
    for number, name in enumerate(NAMES):
        give(db, contact(f"c-{number}", first_name=name))
    kills = go(point)
    of_each = Counter(name for prompt in world.model.prompts for name in NAMES if name in prompt)
    assert set(of_each) == set(NAMES)
    assert max(of_each.values()) <= 1 + kills
    assert [each["source"] for each in rows(db, "sequence")] == ["model"] * 2
    assert world.contacts_made == 2
    assert all(each.properties["nurture_sequence"] for each in world.portal.contacts.values())
    assert_no_mail_is_sent_twice(world, 2, kills, tally)
    tally.add(model_calls=world.model.calls, model_calls_repeated=world.model.calls - 2)
    tally.add(crm_contacts=2, crm_contacts_twice=world.contacts_made - 2)
    return kills


def write_templates(db, world: World, go: Go, point: Point, tally: Tally) -> int:
    add_agency(db, writing="templates", **HUBSPOT)
    for number, category in enumerate(("buyer", "vendor")):
        give(db, contact(f"c-{number}"), category)
    kills = go(point)
    assert world.model.calls <= 2 + 2 * kills
    assert len(rows(db, "template")) == 2
    assert world.contacts_made == 2
    assert_no_mail_is_sent_twice(world, 2, kills, tally)
    tally.add(model_calls=world.model.calls, model_calls_repeated=world.model.calls - 2)
    return kills


def send_three(db, world: World, go: Go, point: Point, tally: Tally) -> int:
    """All three mails of a sequence, on their days; the kill comes on the last day."""
    add_agency(db)
    give(db, category="vendor")
    go(None)
    kills = 0
    for day, at in ((5, None), (20, point)):
        with db.transaction() as connection:
            advance(connection, day * DAY)
        kills += go(at)
    assert_no_mail_is_sent_twice(world, 3, kills, tally)
    [sequence] = rows(db, "sequence")
    assert sequence["finished_at"]
    return kills


def tell_of_one(db, world: World, go: Go, point: Point, tally: Tally) -> int:
    """A lead becomes hot, and its agent is told by mail and webhook."""
    add_agency(db, webhook_url=world.receiver.url, **NO_QUIET)
    add_user(db, "ada")
    add_contact(db, "c-1", agent_id="ada")
    for number, kind in enumerate(("valuation-request", "reply", "open")):
        with db.transaction() as connection:
            record_engagement(
                connection,
                EngagementRecorded(
                    workspace_id=ACME,
                    engagement_id=f"e-{number}",
                    contact_id="c-1",
                    kind=kind,
                    channel="web",
                    occurred_at=datetime.now(UTC),
                ),
            )
    kills = go(point)
    [score] = rows(db, "lead_score")
    assert (score["band"], score["crossings"], len(rows(db, "engagement"))) == ("hot", 1, 3)
    assert sum(each["count"] for each in rows(db, "engagement_total")) == 3
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'lead/hot.detected'") == 1
    assert_no_mail_is_sent_twice(world, 1, kills, tally)
    calls = [each.headers["webhook-id"] for each in world.receiver.calls]
    assert len(set(calls)) == 1
    assert len(calls) <= 1 + kills
    [there] = rows(db, "crm_contact")
    assert there["intent_band"] == "hot"
    return kills


def assert_no_mail_is_sent_twice(world: World, wanted: int, kills: int, tally: Tally) -> None:
    ids = [str(each["Message-ID"]) for each in world.postmaster.received]
    assert len(set(ids)) == wanted
    assert len(ids) <= wanted + kills
    tally.add(mails=wanted, mails_twice=len(set(ids)) - wanted, mails_handed_over_again=len(ids) - wanted)


def all_is_done(db) -> bool:
    states = "SELECT string_agg(DISTINCT state, ' ') FROM groundwork.delivery WHERE waiting_for IS NULL"
    return bool(scalar(db, states) == "done")


SCENARIOS = [(write_to_two, WRITING), (write_templates, TEMPLATES), (send_three, DAYS), (tell_of_one, LEADS)]
POINTS = [
    (scenario, *steps[turn])
    for turn in range(max(len(steps) for _, steps in SCENARIOS))
    for scenario, steps in reversed(SCENARIOS)
    if turn < len(steps)
]
"""Every step, the scenarios in turns: a few seeds are some of each."""


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_kill_during_a_step_repeats_no_effect_and_loses_none(db, world, go_with_a_kill, tally, seed):
    """As many seeds as there are steps kill during each. A number beyond the step's transactions is no kill."""
    chance = random.Random(seed)
    scenario, job, step = POINTS[seed % len(POINTS)]
    when = chance.choice(("called", "returned", "before", "after"))
    kills = scenario(db, world, go_with_a_kill, Point(job, step, when, chance.randrange(3)), tally)
    assert all_is_done(db)
    assert kills == 1 or when in ("before", "after")


@pytest.mark.parametrize("seed", range(SEEDS // 4))
def test_a_kill_where_a_job_is_claimed_or_settled_repeats_no_effect_and_loses_none(
    db, world, go_with_a_kill, tally, seed
):
    chance = random.Random(seed)
    scenario, job, _ = chance.choice(POINTS)
    point = Point(job, OUTSIDE, chance.choice(("before", "after")), chance.randrange(5))
    scenario(db, world, go_with_a_kill, point, tally)
    assert all_is_done(db)
