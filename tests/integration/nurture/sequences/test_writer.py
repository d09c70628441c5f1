"""The Writer block: who decides what writes, what a call may cost, and what is kept secret."""

import logging
import subprocess
import sys

import pytest
from pydantic import SecretStr

from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.writer import ModelAway, ModelDeclined, Prompt, Writer, writer
from groundwork.tasks.nurture.sequences.draft import Draft
from tests.integration.nurture.model_server import Fault, ModelServer

PROMPT = Prompt("Write three mails.", "<contact_data>{}</contact_data>")


def test_without_a_key_no_model_writes(db):
    assert not writer().has_model


def test_a_key_is_shown_by_nothing(model: ModelServer, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    block = writer()
    assert block.has_model
    model.otherwise = Fault(500, message="sk-secret-of-the-test was not accepted")
    with pytest.raises(ModelAway) as caught:
        block.ask(PROMPT, Draft)
    assert "sk-secret" not in f"{caught.value}{block!r}{block.model_dump_json()}{caplog.text}"
    assert model.calls == 1, "the library's own retries are off"


def test_a_key_without_a_model_names_the_setting():
    with pytest.raises(ConfigurationError, match="GROUNDWORK_WRITER_MODEL"):
        Writer(api_key=SecretStr("k")).most_micros(PROMPT)


def test_a_model_whose_price_nobody_knows_is_asked_nothing():
    block = Writer(api_key=SecretStr("k"), model="a-model-of-our-own")
    with pytest.raises(ConfigurationError, match="GROUNDWORK_WRITER_INPUT_PRICE"):
        block.most_micros(PROMPT)


@pytest.mark.parametrize(("provider", "name"), [("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5")])
def test_prices_of_known_models_are_known(provider, name):
    assert Writer(api_key=SecretStr("k"), model=name, provider=provider).cost_micros(1000, 1000) > 100  # type: ignore[arg-type]


def test_a_call_never_costs_more_than_was_reserved_for_it(model: ModelServer):
    block = writer()
    assert block.ask(PROMPT, Draft).cost_micros <= block.most_micros(PROMPT)


def test_a_server_that_is_not_there_is_away_and_bills_nothing(monkeypatch: pytest.MonkeyPatch):
    block = Writer(api_key=SecretStr("k"), model="m", base_url="http://127.0.0.1:9/v1", input_price=1, output_price=1)
    with pytest.raises(ModelAway) as caught:
        block.ask(PROMPT, Draft)
    assert not caught.value.may_be_billed


@pytest.mark.parametrize("key", ["", "sk-x"])
def test_a_worker_imports_what_asks_a_model_ahead_only_where_there_is_a_key(key, monkeypatch: pytest.MonkeyPatch):
    code = "import sys; from groundwork.blocks.nurture import writer; writer.preload(); print('openai' in sys.modules)"
    monkeypatch.setenv("GROUNDWORK_WRITER_API_KEY", key)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(bool(key))


class TestAnthropic:
    @pytest.fixture
    def claude(self, model: ModelServer) -> Writer:
        return Writer(
            provider="anthropic", api_key=SecretStr("sk-ant"), model="claude-test", base_url=model.url[: -len("/v1")],
            input_price=3, output_price=15,
        )  # fmt: skip

    def test_it_is_asked_by_its_own_api(self, claude: Writer, model: ModelServer):
        answer = claude.ask(PROMPT, Draft)
        assert answer.output is not None
        assert (answer.tokens_in, answer.tokens_out, answer.cost_micros) == (700, 400, 700 * 3 + 400 * 15)
        assert model.keys == ["Bearer sk-ant"]

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault(429, "rate_limit_error", headers={"retry-after": "7"}), RetryAfter),
            (Fault(529, "overloaded_error"), ModelAway),
            (Fault(500, "api_error"), ModelAway),
            (Fault(401, "authentication_error"), ConfigurationError),
            (Fault(402, "billing_error", "Your credit balance is too low"), ModelDeclined),
            (Fault(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum"), ModelDeclined),
        ],
    )
    def test_its_errors_are_told_apart(self, claude: Writer, model: ModelServer, fault: Fault, error: type[Exception]):
        model.otherwise = fault
        with pytest.raises(error) as caught:
            claude.ask(PROMPT, Draft)
        assert getattr(caught.value, "seconds", 7) == 7
        assert model.calls == 1
