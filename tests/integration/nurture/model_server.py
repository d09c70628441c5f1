"""A server that speaks OpenAI's chat completions and Anthropic's messages, with answers and faults that a test scripts.

Behaviour as the references say: https://platform.openai.com/docs/api-reference/chat/create and
https://docs.anthropic.com/en/api/messages, /en/api/errors.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.integration.http_server import serving_http

BODY = (
    "We have thought about what matters when you look for a place to live, and about how we can help you with it. "
    "Tell us a little more about what you would like, and we will find it for you."
)


def mail(number: int, **fields: Any) -> dict[str, Any]:
    """A mail that nothing is wrong with."""
    said = {"subject": f"A thought for your search, part {number}", "body": f"{BODY} This is note {number} of three."}
    return said | {"send_after_days": 3 * (number - 1)} | fields


def draft(**of_second: Any) -> dict[str, Any]:
    """A sequence that nothing is wrong with, but for what is said of its second mail."""
    return {"mails": [mail(1), mail(2, **of_second), mail(3)]}


@dataclass(frozen=True)
class Fault:
    """An error answer."""

    status: int
    code: str = ""
    message: str = "no"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """An answer that is no call of the output tool: a text, or a call with arguments that are what they are."""

    content: str | None = None
    arguments: str | None = None
    finish_reason: str = "stop"


Reply = dict[str, Any] | Fault | Raw


@dataclass
class ModelServer:
    """Answers what it is told to answer.

    Attributes:
        script: the next answers, first to last; then ``otherwise``.
        answer: gives the answer to a request, before the script is looked at; None leaves it to that.
        requests: bodies as received.
        keys: what each request said as its authorization.
    """

    script: list[Reply] = field(default_factory=list)
    otherwise: Reply = field(default_factory=draft)
    answer: Callable[[dict[str, Any]], Reply | None] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, request: dict[str, Any], key: str) -> Reply:
        with self._lock:
            self.requests.append(request)
            self.keys.append(key)
            if self.answer and (found := self.answer(request)) is not None:
                return found
            return self.script.pop(0) if self.script else self.otherwise

    @property
    def calls(self) -> int:
        return len(self.requests)

    @property
    def prompts(self) -> list[str]:
        """All that each request said, as text."""
        return [json.dumps(each["messages"], ensure_ascii=False) for each in self.requests]


@contextmanager
def serving(server: ModelServer) -> Iterator[ModelServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = server.reply(body, self.headers["x-api-key"] or self.headers["Authorization"])
            is_anthropic = self.path.endswith("/messages")
            status, answer, headers = (_anthropic if is_anthropic else _answer)(body, reply)
            payload = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args: Any) -> None:
            pass

    with serving_http(Handler) as url:
        server.url = f"{url}/v1"
        yield server


def _answer(request: dict[str, Any], reply: Reply) -> tuple[int, dict[str, Any], dict[str, str]]:
    if isinstance(reply, Fault):
        error = {"message": reply.message, "type": reply.code, "code": reply.code, "param": None}
        return reply.status, {"error": error}, reply.headers
    if isinstance(reply, Raw):
        message, reason = _message(request, reply.content, reply.arguments), reply.finish_reason
    else:
        message, reason = _message(request, None, json.dumps(reply)), "tool_calls"
    return (
        200,
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1764028800,
            "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
            "usage": {"prompt_tokens": 700, "completion_tokens": 400, "total_tokens": 1100},
        },
        {},
    )


def _anthropic(request: dict[str, Any], reply: Reply) -> tuple[int, dict[str, Any], dict[str, str]]:
    if isinstance(reply, Fault):
        return reply.status, {"type": "error", "error": {"type": reply.code, "message": reply.message}}, reply.headers
    assert not isinstance(reply, Raw)
    block = {"type": "tool_use", "id": "toolu_1", "name": request["tools"][0]["name"], "input": reply}
    answer = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "content": [block]}
    usage = {"input_tokens": 700, "output_tokens": 400}
    return 200, answer | {"stop_reason": "tool_use", "stop_sequence": None, "usage": usage}, {}


def _message(request: dict[str, Any], content: str | None, arguments: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if arguments is not None:
        name = request["tools"][0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
        message["tool_calls"] = [call]
    return message
