"""What a job may say of when it runs, and what it is told where that cannot be meant."""

from typing import Any, Literal

import pytest
from pydantic import Field, create_model
from pydantic.alias_generators import to_camel

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event
from groundwork.flows.flow_control import (
    Batch,
    CancelOn,
    Debounce,
    Idempotency,
    Lane,
    Pool,
    Priority,
    RateLimit,
    Singleton,
    Throttle,
)
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec, _check_pools


class CallMade(Event):
    account_id: str
    region: str | None = None
    urgency: int | None = None
    level: Literal["low", "high"] = "low"


CallMade.event_name = "test/call.made"


def options(**given: Any) -> JobOptions:
    return JobOptions(on=CallMade, **given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"lane": 0}, r"Lane\(limit=0\): a whole number of at least 1"),
        ({"lane": -1}, "at least 1"),
        ({"lane": True}, r"lane=True\): a number, a Lane, or a tuple"),
        ({"lane": "2"}, "a number, a Lane, or a tuple"),
        ({"lane": ()}, "at least one limit"),
        ({"lane": 10**9}, "at most 1,000,000"),
        ({"lane": (5, Lane(1, key="acount_id"))}, r"no field 'acount_id' to be a key; it has workspace_id, account_id"),
        ({"lane": Lane(1, key="")}, "key='' names no field"),
        ({"ordered": True, "lane": 2}, "order needs a lane of 1"),
        ({"ordered": True, "lane": (1, Lane(1, key="region"))}, "order needs a lane of 1"),
        ({"ordered": True, "priority_field": "urgency"}, "in order of acceptance or by priority"),
        ({"throttle": Throttle(limit=1, period=1, key="nobody")}, "no field 'nobody'"),
        ({"rate_limit": RateLimit(limit=1, period=1, key="")}, "key='' names no field"),
        ({"pool": "openai"}, r"OPENAI = Pool\('openai', limit=10\); give each job that shares it this object"),
        ({"pool": (Pool("a", limit=1), Pool("a", limit=2))}, "two of its pools are named 'a'"),
        ({"priority_field": "urgncy"}, "no field 'urgncy'"),
        ({"priority_field": "level"}, r"CallMade.level is no number; .*Priority\('level', values="),
        ({"priority_field": 5}, "the name of a field, or a Priority"),
        ({"debounce": Debounce(seconds=1), "rate_limit": RateLimit(limit=1, period=1)}, "use throttle instead"),
        ({"debounce": Debounce(seconds=1, key="region"), "singleton": Singleton()}, "need the same key"),
        ({"batch": Batch(size=5), "singleton": Singleton()}, "neither singleton nor cancel_on"),
        (
            {"cancel_on": (CancelOn(event=CallMade, key="account_id"), CancelOn(event=CallMade, key="region"))},
            "need the same key",
        ),
        ({"cancel_on": (CancelOn(event=CallMade, key="region"),) * 2}, "names .* twice"),
        ({"batch": Batch(size=1)}, r"Batch\(size=1\): at least 2"),
        ({"idempotency": Idempotency(key="")}, "key='' names no field"),
        ({"expires": 0}, "more than 0 seconds"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_written(given, told):
    with pytest.raises(ConfigurationError, match=told):
        options(**given)


@pytest.mark.parametrize("name", ["delivery_id", "return_state", "wait_for"])
def test_a_field_that_no_run_could_be_given_is_refused_with_a_name_that_senders_do_not_notice(name):
    def with_field(**field: Any) -> type[Event]:
        made = create_model("ParcelSent", __base__=Event, **field)
        made.event_name = "test/parcel.sent"
        return made

    with pytest.raises(ConfigurationError) as refused:
        JobOptions(on=with_field(**{name: (str, ...)}))
    wire = to_camel(name)
    assert f"its field '{name}' has the name of a parameter" in str(refused.value)
    assert f'event_{name}: … = Field(alias="{wire}")' in str(refused.value)
    mended = with_field(**{f"event_{name}": (str, Field(alias=wire))})
    JobOptions(on=mended)
    assert mended.model_validate({"workspaceId": "acme", wire: "7"}).wire() == {"workspaceId": "acme", wire: "7"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Pool("openai"), "say limit=, per_workspace=, or both"),
        (lambda: Pool("", limit=1), "a name has 1 to 100"),
        (lambda: Pool("a\nb", limit=1), "a name has 1 to 100"),
        (lambda: Pool("openai", limit=0), "a whole number of at least 1"),
        (lambda: Throttle(limit=0, period=1), "a whole number of at least 1"),
        (lambda: Throttle(limit=1, period=0), "at least 0.001 seconds"),
        (lambda: Throttle(limit=1, period=float("inf")), "at least 0.001 seconds"),
        (lambda: RateLimit(limit=1, period=float("nan")), "at least 0.001 seconds"),
        (lambda: RateLimit(limit=10_001, period=1), "at most 10,000"),
        (lambda: Lane(1.5), "a whole number"),  # type: ignore[arg-type]
        (lambda: Priority("level", values={"high": 601}), "from -600 to 600"),
        (lambda: Priority("level", values={"high": 1.5}), "a whole number"),  # type: ignore[dict-item]
    ],
)
def test_a_limit_that_is_none_is_refused(make, told):
    with pytest.raises(ConfigurationError, match=told):
        make()


def test_the_strictest_of_several_limits_counts():
    said = options(lane=(5, Lane(3), Lane(4, key="region"), Lane(2, key="region"), Lane(1, key="account_id")))
    assert said.lane_limit == 3
    assert said.document(CallMade)["limits"] == [
        {"kind": "lane", "field": "region", "most": 2, "per_workspace": True},
        {"kind": "lane", "field": "accountId", "most": 1, "per_workspace": True},
    ]
    assert said.document(CallMade)["key_fields"] == ["accountId", "region"]


def test_a_keyed_lane_alone_leaves_the_workspace_without_a_limit():
    assert options(lane=Lane(1, key="account_id")).lane_limit == 1_000_000
    assert options(lane=2).lane_limit == 2
    assert options().lane_limit == 1


def test_a_job_that_says_nothing_has_an_empty_document():
    assert options(lane=4, priority=3).document(CallMade) == {}


def test_a_pool_with_other_limits_in_two_jobs_is_refused_with_both(own_jobs):
    def summarise(event: CallMade) -> None: ...
    def transcribe(event: CallMade) -> None: ...

    first = JobSpec(name="summarise", options=options(pool=Pool("openai", limit=10)), body=summarise)
    own_jobs.clear()
    own_jobs["summarise"] = first
    _check_pools(JobSpec(name="transcribe", options=options(pool=Pool("openai", limit=10)), body=transcribe))
    _check_pools(JobSpec(name="summarise", options=options(pool=Pool("openai", limit=20)), body=summarise))
    with pytest.raises(
        ConfigurationError, match=r"'openai' has other limits in two jobs: .*in summarise .*in transcribe"
    ):
        _check_pools(JobSpec(name="transcribe", options=options(pool=Pool("openai", limit=20)), body=transcribe))
