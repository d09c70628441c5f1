"""The policy of docs/blocks.md against an S3 server that enforces it: it suffices, and no right in it is too much."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import BlobRefused
from tests.integration.blocks.conftest import REGION, S3Server

DOCUMENT = Path(__file__).parents[3].joinpath("docs", "blocks.md").read_text()
POLICY, LIFECYCLE = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
ACTIONS = [action for statement in json.loads(POLICY)["Statement"] for action in statement["Action"]]


@pytest.fixture
def store_with(s3: S3Server) -> Iterator[Callable[..., BlobStore]]:
    """Makes the store of a user who has the documented rights in ``some/prefix``, but for one of them."""
    someone = {"aws_access_key_id": "someone", "aws_secret_access_key": "something"}
    iam = boto3.client("iam", endpoint_url=s3.endpoint, region_name=REGION, **someone)
    user = {"UserName": s3.bucket}
    iam.create_user(**user)
    key = iam.create_access_key(**user)["AccessKey"]

    def store(prefix: str = "some/prefix", but_for: str | None = None) -> BlobStore:
        policy = json.loads(POLICY.replace("BUCKET", s3.bucket).replace("PREFIX", "some/prefix"))
        for statement in policy["Statement"]:
            statement["Action"] = [action for action in statement["Action"] if action != but_for]
        iam.put_user_policy(PolicyName="documented", PolicyDocument=json.dumps(policy), **user)
        _enforce(s3, True)
        return BlobStore(
            storage_url=f"s3://{s3.bucket}/{prefix}",
            endpoint_url=s3.endpoint,
            region=REGION,
            access_key_id=key["AccessKeyId"],
            secret_access_key=key["SecretAccessKey"],
        )

    yield store
    _enforce(s3, False)


def _enforce(s3: S3Server, enforced: bool) -> None:
    httpx.post(f"{s3.endpoint}/moto-api/reset-auth", content="0" if enforced else "inf").raise_for_status()


def use(store: BlobStore) -> None:
    """Everything that a store does."""
    store.write_path("key", b"content")
    assert store.read_path("key") == b"content"
    assert list(store.list()) == ["key"]
    upload_id = store.begin_upload("key")
    store.complete_upload("key", upload_id, [store.upload_part("key", upload_id, 1, b"more")])
    store.download_url("key", filename="a.csv", expires_in=timedelta(days=1))
    upload_id = store.begin_upload("key")
    assert list(store.pending_uploads()) == [("key", upload_id)]
    store.abort_upload("key", upload_id)
    store.delete("key")
    assert not store.exists("key")


def test_the_documented_rights_suffice(store_with):
    use(store_with())


@pytest.mark.parametrize("action", ACTIONS)
def test_no_documented_right_is_too_much(store_with, action):
    with pytest.raises(BlobRefused, match="Check the credentials"):
        use(store_with(but_for=action))


def test_the_documented_rights_end_at_the_prefix(store_with):
    elsewhere = store_with("elsewhere")
    for call in (
        lambda: elsewhere.write_path("key", b"content"),
        lambda: elsewhere.read_path("key"),
        lambda: elsewhere.begin_upload("key"),
        lambda: elsewhere.delete("key"),
    ):
        with pytest.raises(BlobRefused):
            call()


def test_the_documented_lifecycle_rule_is_one_that_s3_takes(s3):
    rule: dict[str, Any] = json.loads(LIFECYCLE)
    client = s3.filesystem()
    client.call_s3("put_bucket_lifecycle_configuration", Bucket=s3.bucket, LifecycleConfiguration=rule)
    kept = client.call_s3("get_bucket_lifecycle_configuration", Bucket=s3.bucket)
    assert kept["Rules"][0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
