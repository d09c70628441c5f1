"""The Kubernetes manifests: valid, alike to ``compose.yaml`` in what each part is told and may reach, and careful."""

import os
from typing import Any

import pytest
import yaml

from tests.compose import compose, services
from tests.linters import linter, says
from tests.wheel import ROOT

FOLDER = ROOT / "deployments" / "hosting" / "kubernetes"
WRITTEN_BY_HAND = {"smtp-url"}
"""Secrets that no script can make."""
POLICIES_OF_NETWORKS = {"database": "to-database", "messages": "to-redis", "prefect": "to-prefect", "store": "to-store",
                        "mail": "to-mail"}  # fmt: skip


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Those of a kind, by name."""
    found = [each for file in sorted(FOLDER.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text())]
    return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}


LASTING = resources("Deployment")
WORKLOADS = LASTING | resources("Job")


def pod(name: str) -> dict[str, Any]:
    return WORKLOADS[name]["spec"]["template"]["spec"]


def container(name: str) -> dict[str, Any]:
    [only] = pod(name)["containers"]
    return only


def selected(policy: str) -> set[str]:
    """Workloads that a network policy is about."""
    selector = resources("NetworkPolicy")[policy]["spec"]["podSelector"]
    if "matchLabels" in selector:
        return {selector["matchLabels"]["app"]}
    [expression] = selector["matchExpressions"]
    return set(expression["values"])


def test_each_is_of_its_schema():
    program = linter("kubernetes-validate", "pip install kubernetes-validate")
    says(program, "--strict", *map(str, sorted(FOLDER.glob("*.yaml"))))


def test_there_is_a_workload_for_each_service_of_ours():
    assert set(WORKLOADS) == {name for name, each in services().items() if each.is_part}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_is_told_what_the_service_is_told(name: str):
    service = services()[name]
    assert container(name)["args"] == service.command
    told = {each["name"]: each["value"] for each in container(name).get("env", [])}
    common = resources("ConfigMap")["groundwork"]["data"]
    files = {variable for variable in service.environment if variable.endswith("_FILE")}
    by_hand = {"GROUNDWORK_SMTP_URL_FILE"} if name == "worker" else set()
    assert {variable for variable in told if variable.endswith("_FILE")} == files | by_hand
    assert all(told[variable] == service.environment[variable] for variable in files)
    elsewhere = {"AWS_ENDPOINT_URL", "GROUNDWORK_SMTP_URL"}  # MinIO and Mailpit are no part of this installation
    assert service.environment.keys() <= told.keys() | common.keys() | elsewhere


@pytest.mark.parametrize("name", WORKLOADS)
def test_it_gets_the_files_of_the_secrets_that_it_names_and_no_others(name: str):
    volumes = {each["name"]: each for each in pod(name)["volumes"]}
    given = {each["path"] for each in volumes["secrets"]["secret"]["items"]}
    said = [each["value"] for each in container(name)["env"] if each["name"].endswith("_FILE")]
    assert given == {os.path.basename(each) for each in said}
    assert given <= set(compose()["secrets"]) | WRITTEN_BY_HAND


@pytest.mark.parametrize("name", WORKLOADS)
def test_it_may_do_little(name: str):
    assert pod(name)["automountServiceAccountToken"] is False
    assert pod(name)["enableServiceLinks"] is False
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    rights = container(name)["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert container(name)["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", sorted(LASTING.keys() - {"prefect-services"}))
def test_it_is_asked_whether_it_lives_and_given_time_to_end(name: str):
    said = services()[name].given["healthcheck"]["test"][-1]
    port = container(name)["ports"][0]["containerPort"]
    assert f"127.0.0.1:{port}" in said
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container(name)[probe]["httpGet"]["port"] == "http"
    # What is away elsewhere is no reason to end a part.
    assert container(name)["livenessProbe"]["httpGet"]["path"] in ("/healthz", "/api/health")
    assert pod(name)["terminationGracePeriodSeconds"] >= 45
    assert resources("PodDisruptionBudget")[name]["spec"]["selector"] == LASTING[name]["spec"]["selector"]
    assert LASTING[name]["spec"]["replicas"] == services()[name].given["deploy"]["replicas"]


@pytest.mark.parametrize(("network", "policy"), POLICIES_OF_NETWORKS.items())
def test_it_may_reach_what_the_service_may_reach(network: str, policy: str):
    assert selected(policy) == {name for name in WORKLOADS if network in services()[name].networks} - (
        {"prefect-server"} if network == "prefect" else set()  # which is what the others reach there
    )


def test_who_may_reach_prefects_server_is_who_calls_it():
    [rule] = resources("NetworkPolicy")["from-parts-to-prefect"]["spec"]["ingress"]
    [peer] = rule["from"]
    assert set(peer["podSelector"]["matchExpressions"][0]["values"]) == selected("to-prefect")


def test_the_files_are_applied_in_the_order_that_their_first_one_says():
    said = (FOLDER / "00-namespace.yaml").read_text()
    order = [said.index(each.name) for each in sorted(FOLDER.glob("*.yaml")) if each.name in said]
    assert order == sorted(order)
    named = [each for each in said.split() if each.startswith("deployments/hosting/kubernetes/")]
    assert [each for each in named if not (ROOT / each).exists()] == []
