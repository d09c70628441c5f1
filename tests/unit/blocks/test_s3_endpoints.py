"""Of AWS's list of endpoints a client of a store holds what stores are asked by, and finds all that it found before."""

import json
from pathlib import Path

import botocore.session
import pytest
from botocore.regions import EndpointResolver

from groundwork.blocks.blob.s3.body import session_that_takes_memory
from groundwork.blocks.blob.s3.endpoints import SERVICES, loader_of_few_endpoints

WHOLE = botocore.session.Session().get_component("data_loader").load_data("endpoints")


def test_a_session_holds_the_endpoints_of_few_services():
    held = session_that_takes_memory().get_component("data_loader").load_data("endpoints")
    assert {name for partition in held["partitions"] for name in partition["services"]} <= set(SERVICES)
    assert len(json.dumps(held)) < len(json.dumps(WHOLE)) / 10


@pytest.mark.parametrize("service", SERVICES)
def test_each_region_has_the_endpoint_that_the_whole_list_gives(service: str):
    whole, held = (EndpointResolver(data) for data in (WHOLE, loader_of_few_endpoints(None).load_data("endpoints")))
    partitions = whole.get_available_partitions()
    assert held.get_available_partitions() == partitions
    for partition in partitions:
        regions = next(each["regions"] for each in WHOLE["partitions"] if each["partition"] == partition)
        assert len(regions) > 0
        for region in regions:
            found = held.construct_endpoint(service, region, partition)
            assert found == whole.construct_endpoint(service, region, partition)
            assert held.get_partition_for_region(region) == partition


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-new-9"])
@pytest.mark.parametrize("service", ["s3", "sts", "sso", "sso-oidc"])
def test_a_client_asks_the_same_endpoint_as_one_with_the_whole_list(region: str, service: str):
    def endpoint(session: botocore.session.Session) -> str:
        client = session.create_client(service, region, aws_access_key_id="someone", aws_secret_access_key="something")
        return client.meta.endpoint_url

    ours = botocore.session.Session()
    ours.register_component("data_loader", loader_of_few_endpoints(None))
    assert endpoint(ours) == endpoint(botocore.session.Session())


def test_a_list_of_ones_own_is_read_before_that_of_botocore(tmp_path: Path):
    own = {"partitions": [{"partition": "mine", "regions": {}, "services": {"s3": {}, "ec2": {}}}], "version": 3}
    (tmp_path / "endpoints.json").write_text(json.dumps(own))
    [partition] = loader_of_few_endpoints(str(tmp_path)).load_data("endpoints")["partitions"]
    assert (partition["partition"], list(partition["services"])) == ("mine", ["s3"])
