"""What the gateway tells about events, about the catalogue and about itself."""

import uuid
from typing import Any

import httpx
import jsonschema
import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.blob.link import DownloadLink
from groundwork.blocks.database import Database, database
from groundwork.events.identifiers import UserId
from groundwork.notifications.kinds import kinds
from groundwork.notifications.unsubscribe import Unsubscription
from tests.factories import register_job
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY, SIGNED_KEY
from tests.integration.gateway.events import event

PARTNER = {"Authorization": f"Bearer {RESTRICTED_KEY}"}


@pytest.fixture
def listening_job(db: object) -> None:
    with database().transaction() as connection:
        connection.execute(
            text("INSERT INTO groundwork.job (name, event_name) VALUES ('process-csv', 'import/csv.confirmed')")
        )


def test_a_fresh_event_is_shown_with_its_queued_delivery(client: httpx.Client, listening_job: None) -> None:
    (event_id,) = client.post("/events", json=event()).json()["ids"]

    status = client.get(f"/events/{event_id}").json()

    assert (status["id"], status["name"], status["workspaceId"]) == (event_id, "import/csv.confirmed", "acme")
    (delivery,) = status["deliveries"]
    assert (delivery["job"], delivery["state"]) == ("process-csv", "queued")
    assert delivery["progress"] is delivery["flowRunId"] is delivery["runUrl"] is None


def test_a_key_with_secrets_needs_no_signature_to_read(client: httpx.Client) -> None:
    (event_id,) = client.post("/events", json=event()).json()["ids"]
    assert client.get(f"/events/{event_id}", headers={"Authorization": f"Bearer {SIGNED_KEY}"}).status_code == 200


def test_an_event_of_another_workspace_looks_like_none_at_all(client: httpx.Client) -> None:
    own, other = client.post("/events", json=[event(), event(workspace="globex")]).json()["ids"]

    assert client.get(f"/events/{own}", headers=PARTNER).status_code == 200
    hidden = client.get(f"/events/{other}", headers=PARTNER)
    unknown = client.get(f"/events/{uuid.UUID(int=1)}", headers=PARTNER)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json() == {"error": f"There is no event {other}.", "details": []}


def test_an_event_that_the_key_may_not_send_looks_like_none_at_all(client: httpx.Client) -> None:
    signed_up = {"name": "user/signed.up", "data": {"workspaceId": "acme", "userId": "usr_1"}}
    own, other = client.post("/events", json=[event(), signed_up]).json()["ids"]

    assert client.get(f"/events/{own}", headers=PARTNER).status_code == 200
    hidden = client.get(f"/events/{other}", headers=PARTNER)
    assert (hidden.status_code, hidden.json()) == (404, {"error": f"There is no event {other}.", "details": []})
    assert client.get(f"/events/{other}").status_code == 200


def test_no_link_that_works_by_itself_is_told_whatever_a_job_returned(
    client: httpx.Client, listening_job: None
) -> None:
    download = DownloadLink("exports/1.csv", "a.csv", "text/csv", expires_at=9_999_999_999).url()
    unsubscribe = Unsubscription(UserId("ada"), kinds()["imports"]).url()
    presigned = "https://bucket.s3.amazonaws.com/a.csv?X-Amz-Expires=9&X-Amz-Signature=0a1b"
    result = {
        "download_url": download,
        "several": [presigned, {"text": f"see <{unsubscribe}> or https://example.com/downloads/a.csv."}],
        presigned: 1,
        "rows": 7,
    }
    (event_id,) = client.post("/events", json=event()).json()["ids"]
    with database().transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET state = 'done', result = :result, progress = :result,"
                " last_error = :error"
            ).bindparams(bindparam("result", type_=JSONB)),
            {"result": result, "error": f"GET {presigned} answered 500"},
        )

    response = client.get(f"/events/{event_id}")
    (delivery,) = response.json()["deliveries"]
    assert delivery["result"] == delivery["progress"]
    assert delivery["result"] == {
        "download_url": "(link left out)",
        "several": [
            "(link left out)",
            {"text": "see <(link left out)> or https://example.com/downloads/a.csv."},
        ],
        "(link left out)": 1,
        "rows": 7,
    }
    assert delivery["lastError"] == "GET (link left out) answered 500"


def test_what_is_no_id_is_404(client: httpx.Client) -> None:
    response = client.get("/events/imp_1")
    assert response.status_code == 404
    assert "'imp_1' is not the id of an event" in response.json()["error"]


@pytest.mark.parametrize("path", ["/events/imp_1", "/catalogue", "/openapi.json"])
def test_reading_needs_a_key(client: httpx.Client, path: str) -> None:
    assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_the_catalogue_has_the_schema_of_every_event_and_the_jobs_that_listen(
    client: httpx.Client, listening_job: None
) -> None:
    events = {each["name"]: each for each in client.get("/catalogue").json()["events"]}

    confirmed = events["import/csv.confirmed"]
    assert confirmed["jobs"] == ["process-csv"]
    assert confirmed["listeners"] == [
        {
            "job": "process-csv",
            "priority": 0,
            "interactive": False,
            "ordered": False,
            "light": False,
            "maxAttempts": 5,
            "batchSize": 1,
            "laneLimit": 1,
            "limits": {},
        }
    ]
    assert confirmed["description"] == "A person uploaded a CSV of contacts and confirmed its import."
    assert set(confirmed["schema"]["required"]) == {"workspaceId", "userId", "importId"}


def test_the_limits_of_a_listener_are_in_the_catalogue_and_other_events_are_not(
    client: httpx.Client, db: Database
) -> None:
    flow_control = {
        "rate_limit": {"limit": 5, "period": 60.0, "field": "importId"},
        "idempotency": {"field": "importId", "seconds": 60.0, "free_on_failure": True},
        "cancel_on": {"event": "secret/thing.happened"},
        "key_fields": [],
    }
    register_job(db, lane=1_000_000, flow_control=flow_control)
    events = {each["name"]: each for each in client.get("/catalogue").json()["events"]}
    [listener] = events["import/csv.confirmed"]["listeners"]
    assert listener["laneLimit"] is None
    assert listener["limits"] == {
        "rateLimit": {"limit": 5, "period": 60.0, "field": "importId"},
        "idempotency": {"field": "importId", "seconds": 60.0, "freeOnFailure": True},
    }


def test_openapi_has_every_route_and_what_the_key_may_send(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert {"/events", "/events/{event_id}", "/bounces", "/catalogue", "/healthz", "/metrics"} <= document[
        "paths"
    ].keys()
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(set(ids)) == len(ids)
    body = document["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    check = jsonschema.Draft202012Validator(body | {"components": document["components"]})
    assert check.is_valid(event())
    assert check.is_valid([event(), event()])
    assert not check.is_valid(event() | {"unknown": 1})
    assert not check.is_valid([])

    theirs = client.get("/openapi.json", headers=PARTNER).json()["components"]["schemas"]
    assert all(name.startswith("import.") for name in theirs if "." in name)


def test_openapi_knows_what_clients_of_inngest_send_and_are_answered(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    post = document["paths"]["/e/{event_key}"]["post"]

    def check(content: dict[str, Any]) -> jsonschema.Draft202012Validator:
        return jsonschema.Draft202012Validator(
            content["content"]["application/json"]["schema"] | {"components": document["components"]}
        )

    sent = check(post["requestBody"])
    assert sent.is_valid([])
    assert sent.is_valid([{"name": "app/user.created", "data": None, "more": 1}])
    refused = client.post("/e/unknown", json=[event()])
    assert check(post["responses"]["default"]).is_valid(refused.json())
    accepted = client.post(f"/e/{OPEN_KEY}", json=event())
    assert accepted.status_code == 200
    assert check(post["responses"]["200"]).is_valid(accepted.json())


def test_a_restricted_key_sees_only_what_it_may_send(client: httpx.Client) -> None:
    names = [each["name"] for each in client.get("/catalogue", headers=PARTNER).json()["events"]]
    assert "import/csv.confirmed" in names
    assert all(name.startswith("import/") for name in names)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_public(gateway_url: str, db: object, path: str) -> None:
    assert httpx.get(gateway_url + path).status_code == 200


def test_a_gateway_before_its_schema_is_not_ready_and_says_so(client: httpx.Client) -> None:
    with database().transaction() as connection:
        revision = connection.execute(text("SELECT version_num FROM groundwork.migration")).scalar_one()
        connection.execute(text("UPDATE groundwork.migration SET version_num = '0001'"))
    try:
        response = client.get("/readyz")
    finally:
        with database().transaction() as connection:
            connection.execute(text("UPDATE groundwork.migration SET version_num = :revision"), {"revision": revision})
    assert response.status_code == 503
    assert response.json()["error"] == f"The schema is at revision 0001, {revision} is wanted. Run the migrations."
