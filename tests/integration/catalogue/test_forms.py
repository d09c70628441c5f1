"""The catalogue for others: types that TypeScript's compiler takes, and a document that AsyncAPI's schema takes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field

from groundwork.events.asyncapi import asyncapi
from groundwork.events.base import WIRE, Event
from groundwork.events.catalogue import event_types
from groundwork.events.typescript import typescript


class Leaf(BaseModel):
    model_config = WIRE
    kind: Literal["leaf"]
    odd_name: Annotated[str, Field(alias="odd-name", description="Ends a comment */ here.")]


class Branch(BaseModel):
    model_config = WIRE
    kind: Literal["branch"]
    children: "list[Branch | Leaf]" = Field(default_factory=list)


class TreeGrown(Event):
    """With what no event of ours has."""

    root: Annotated[Branch | Leaf, Field(discriminator="kind")]
    pair: tuple[int, str | None] = (1, None)
    anything: Any = None
    numbers: dict[str, float] = Field(default_factory=dict)
    level: Literal[1, 2, None] = None


TreeGrown.event_name = "test/tree.grown"
TreeGrown.aliases = ("TREE_GROWN", "tree grown!")
CLIENT = Path(__file__).parents[3] / "events" / "clients" / "groundwork.ts"
TYPES = [*event_types().values(), TreeGrown]


def tsc(folder: Path, *files: str) -> str:
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"]
    command = ["node", "node_modules/typescript/bin/tsc", *options, *files]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200).stdout


def test_typescript_and_our_client_take_what_the_types_allow_and_nothing_else(node_programs: Path):
    (node_programs / "groundwork-events.ts").write_text(typescript(TYPES), encoding="utf-8")
    shutil.copy(CLIENT, node_programs)
    assert tsc(node_programs, "typed.ts") == ""


def test_asyncapi_s_own_schema_takes_the_document(node_programs: Path):
    document = json.loads(json.dumps(asyncapi(TYPES)))
    schemas = node_programs / "node_modules" / "@asyncapi" / "specs" / "schemas"
    jsonschema.Draft7Validator(json.loads((schemas / "3.0.0.json").read_text())).validate(document)


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = asyncapi(TYPES)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for inner in value.values() for each in references(inner)]
        return [each for inner in value for each in references(inner)] if isinstance(value, list) else []

    found = references(document)
    assert found
    for reference in found:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_what_a_message_describes_is_what_the_gateway_takes():
    document = asyncapi(TYPES)
    message = document["components"]["messages"]["user.signed.up"]
    check = jsonschema.Draft202012Validator(message["payload"])
    data = {"workspaceId": "acme", "userId": "bob"}
    assert check.is_valid({"name": "user/signed.up", "data": data, "id": "1", "ts": 1_790_000_000_000})
    assert not check.is_valid({"name": "user/signed.up", "data": data, "ts": 1_790_000_000})
    assert not check.is_valid({"name": "user/signed.up", "data": data | {"x": 1}})
    assert not check.is_valid({"name": "user/signed.down", "data": data})


def test_a_message_goes_by_its_aliases_too():
    payload = asyncapi(TYPES)["components"]["messages"]["test.tree.grown"]["payload"]
    assert payload["properties"]["name"] == {"enum": ["test/tree.grown", "TREE_GROWN", "tree grown!"]}


@pytest.mark.parametrize(
    ("option", "begin"),
    [("--typescript", "// The events"), ("--asyncapi", '{\n  "asyncapi": "3.0.0"'), ("--json", '{"events": [')],
)
def test_the_command_prints_it_without_a_database(tmp_path: Path, option: str, begin: str):
    command = [sys.executable, "-m", "groundwork.deployments.cli", "catalogue", option]
    done = subprocess.run(
        command, env=os.environ | {"GROUNDWORK_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(begin)
    assert "user/signed.up" in done.stdout
    assert list(tmp_path.iterdir()) == []
