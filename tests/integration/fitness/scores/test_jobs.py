"""The jobs with Prefect's real engine: from a logged workout to the coach's mail, once, whatever dies on the way."""

from datetime import UTC, date, datetime, timedelta

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from sqlalchemy import text

from groundwork.events.fitness.alerts import ThresholdCrossed
from groundwork.events.fitness.scoring import NightDue
from groundwork.events.inbox import send
from groundwork.tasks.fitness.scores.member_scores import scores
from groundwork.tasks.fitness.scores.nights import announce_nights
from groundwork.tasks.fitness.workouts.log import Benchmark, delete_workout, log_benchmark
from tests.factories import scalar
from tests.integration.fitness.gyms import ACME, forget_scores, open_gym, scores_in
from tests.integration.fitness.running import drain
from tests.integration.fitness.scores.logging_members import NOW, TODAY, alert, log, results_of, spike, workout
from tests.integration.mailing import add_user, mails

pytestmark = pytest.mark.usefixtures("jobs")


class TestScoring:
    def test_workouts_of_a_batch_become_scores_and_a_check_of_the_risks(self, db):
        open_gym(db, "ada", "ben")
        log(db, workout(1, 3), workout(2, 1), workout(3, 2, member="ben"))
        done = drain()
        assert [job for job, _ in done] == ["calculate-score", "detect-risk"]
        assert [member for member, _ in scores_in(db)] == ["ada"] * 3 + ["ben"] * 2

    def test_a_workout_that_is_deleted_before_or_after_its_scores_are_made_leaves_none(self, db):
        open_gym(db, "ada")
        log(db, workout(1, 3))
        drain()
        assert len(scores_in(db)) == 3
        with db.transaction() as connection:
            assert delete_workout(connection, ACME, "w1")
        log(db, workout(2, 5))
        with db.transaction() as connection:
            assert delete_workout(connection, ACME, "w2")
        drain()
        assert scores_in(db) == {}

    def test_a_member_sees_scores_and_progress(self, db):
        open_gym(db, "ada")
        log(db, workout(1, 3, 300.0))
        with db.transaction() as connection:
            for number, (weight, repetitions) in enumerate([(100, 1), (110, 1), (60, 20)]):
                at = NOW - timedelta(days=9 - number)
                one = Benchmark(
                    id=f"b{number}", member_id="ada", at=at, exercise="squat", weight_kg=weight, repetitions=repetitions
                )
                log_benchmark(connection, ACME, one)
        drain()
        with db.transaction() as connection:
            shown = scores(connection, ACME, "ada")
        assert [row["load"] for row in shown["load"]] == [0, 0, 300]
        assert [(row["flagged"], row["progress"]) for row in shown["strength"]] == [
            (True, None),
            (False, pytest.approx(0.1)),
            (False, None),
        ]

    def test_an_event_for_a_member_who_is_gone_is_done_without_a_score(self, db):
        open_gym(db, "ada")
        log(db, workout(1, 3))
        with db.transaction() as connection:
            connection.execute(text("DELETE FROM fitness.member"))
        assert [job for job, _ in drain()] == ["calculate-score", "detect-risk"]
        assert scores_in(db) == {}


class TestNights:
    @pytest.mark.parametrize("members", [0, 1, 7])
    def test_a_night_leaves_what_the_events_have_left_and_goes_by_ranges(self, db, members, monkeypatch):
        monkeypatch.setenv("GROUNDWORK_SCORE_CHUNK_MEMBERS", "3")
        from groundwork.blocks.process_cache import forget

        forget()
        names = [f"m{number}" for number in range(members)]
        open_gym(db, *names)
        for number, name in enumerate(names):
            log(db, workout(number, 10 + number, member=name))
        drain()
        by_events = scores_in(db)
        forget_scores(db)
        send(NightDue(workspace_id=ACME, night=TODAY))
        done = drain()
        forget()
        assert results_of(done, "score-night") == [{"members": members, "scores": len(by_events), "dropped": 0}]
        assert scores_in(db) == by_events
        send(NightDue(workspace_id=ACME, night=TODAY + timedelta(days=1)))
        [again] = results_of(drain(), "score-night")
        assert (again["scores"], again["dropped"]) == (0, 0)

    def test_each_night_is_announced_once_in_the_own_zone_over_both_changes_of_the_clocks(self, db):
        open_gym(db, workspace="berlin", time_zone="Europe/Berlin")
        open_gym(db, workspace="kolkata", time_zone="Asia/Kolkata")
        open_gym(db, workspace="nowhere", time_zone="No/Where")
        for begin in (datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)):
            for hour in range(92):
                with db.transaction() as connection:
                    announce_nights(connection, begin + timedelta(hours=hour, minutes=5), 2)
        query = """
            SELECT workspace_id, array_agg(CAST(data ->> 'night' AS date) ORDER BY data ->> 'night') AS nights
            FROM groundwork.event GROUP BY 1
        """
        with db.transaction() as connection:
            nights = {row.workspace_id: row.nights for row in connection.execute(text(query))}
        days = [date(2026, 3, day) for day in range(27, 31)] + [date(2026, 10, day) for day in range(23, 27)]
        assert nights == {"berlin": days, "kolkata": days, "nowhere": days}

    def test_a_night_that_a_scheduler_has_missed_by_hours_is_caught_up(self, db):
        open_gym(db)
        with db.transaction() as connection:
            late = datetime(2026, 3, 27, 7, 50, tzinfo=UTC)
            assert announce_nights(connection, late, 3) == 1
            assert announce_nights(connection, late + timedelta(minutes=5), 3) == 0
            assert announce_nights(connection, datetime(2026, 3, 28, 9, 0, tzinfo=UTC), 3) == 0


class TestAlerts:
    def test_the_coach_is_told_of_a_spike_by_one_mail_with_chart_and_limits(self, db, outbox):
        open_gym(db, "ada")
        add_user(db, "carla")
        add_user(db, "olga")
        with db.transaction() as connection:
            connection.execute(text("UPDATE fitness.member SET coach_id = 'carla'"))
        spike(db)
        assert results_of(drain(), "alert-injury-risk") == [{"sent": True, "to": "carla"}]
        [mail] = mails(outbox)
        assert mail["To"].addresses[0].addr_spec == "carla@example.com"
        assert mail["Subject"] == "Load spike: Ada"
        words = mail.get_body(("plain",)).get_content()
        assert "predicts no" in words
        assert "(threshold 1.5)" in words
        [picture] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
        html = mail.get_body(("html",)).get_content()
        assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html
        assert 'alt="Training load per day, in AU.' in html
        log(db, workout(99, 0, 500.0))
        send(NightDue(workspace_id=ACME, night=TODAY))
        drain()
        assert len(mails(outbox)) == 1

    @pytest.mark.parametrize(
        ("coach", "users", "told"),
        [
            (None, ["olga"], "olga"),
            ("gone", ["olga"], "olga"),
            ("stranger", ["olga", "stranger"], "olga"),
            ("gone", [], None),
        ],
    )
    def test_without_a_coach_of_the_workspace_the_owner_is_told(self, db, outbox, coach, users, told):
        open_gym(db, "ada")
        for each in users:
            add_user(db, each, workspace_id="globex" if each == "stranger" else "acme")
        with db.transaction() as connection:
            connection.execute(text("UPDATE fitness.member SET coach_id = :coach"), {"coach": coach})
        spike(db)
        [result] = results_of(drain(), "alert-injury-risk")
        assert (result["sent"], result.get("to")) == (told is not None, told)
        assert len(mails(outbox)) == (told is not None)

    def test_a_coach_who_has_turned_alerts_off_gets_none(self, db, outbox):
        open_gym(db, "ada")
        add_user(db, "olga", off=["risk-alerts"])
        spike(db)
        assert results_of(drain(), "alert-injury-risk") == [{"sent": False, "to": "olga"}]
        assert mails(outbox) == []

    def test_who_left_meanwhile_is_not_told_of(self, db, outbox):
        open_gym(db, "ada")
        add_user(db, "olga")
        with db.transaction() as connection:
            connection.execute(text("UPDATE fitness.member SET left_on = '2026-01-01'"))
        send(alert())
        [result] = results_of(drain(), "alert-injury-risk")
        assert result == {"sent": False, "reason": "the member is no longer there"}

    def test_an_alert_about_an_applications_own_figure_is_told_too(self, db, outbox):
        open_gym(db, "ada")
        add_user(db, "olga")
        fields = alert().model_dump(exclude={"kind"})
        send(ThresholdCrossed(**fields, figure="grip", value=3, threshold=2, direction="above"))
        assert results_of(drain(), "alert-threshold") == [{"sent": True, "to": "olga"}]
        [mail] = mails(outbox)
        assert mail["Subject"] == "grip: Ada"

    def test_the_run_shows_the_alert_without_the_members_name(self, db, outbox):
        open_gym(db, "ada-1")
        spike_event = send(alert(member_id="ada-1"))
        drain()
        delivery = scalar(db, "SELECT id FROM groundwork.delivery WHERE event_id = :id", id=spike_event)
        with get_client(sync_client=True) as client:
            found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["risk-alert"])))
        [shown] = [each for each in found if str(delivery) in (each.description or "")]
        assert "predicts no injury" in shown.data
        assert "`ada-1`" in shown.data
        assert "Ada-1" not in shown.data
