"""The seed of a request of Inngest's clients, and the ids that it makes."""

import base64

import pytest

from groundwork.blocks.ulid import ulid_of
from groundwork.deployments.gateway.seed import Seed, seed_of


def test_the_ids_are_those_that_inngest_makes() -> None:
    seed = seed_of("1743130137367,eii2YKXRVTJPuA==")
    assert seed is not None
    assert [ulid_of(seed.id_of(number)) for number in (1, 2, 3)] == [
        "01JQDAE4RQF8MBCR55T5AK4KXS",
        "01JQDAE4RQF8MBCR55T5AK4KXT",
        "01JQDAE4RQF8MBCR55T5AK4KXV",
    ]


def test_the_number_wraps_within_its_four_bytes() -> None:
    seed = Seed(0, b"\1" * 6 + b"\xff" * 4)
    assert seed.id_of(1).bytes == bytes(6) + b"\1" * 6 + bytes(4)


def _header(milliseconds: object = 1743130137367, entropy: bytes = b"0123456789") -> str:
    return f"{milliseconds},{base64.b64encode(entropy).decode()}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "1743130137367",
        "1743130137367,",
        ",eii2YKXRVTJPuA==",
        "-1,eii2YKXRVTJPuA==",
        "1743130137367,eii2YKXRVTJPuA",
        "1743130137367,eii2YKXRVTJPuA==\n",
        "1743130137367, eii2YKXRVTJPuA==",
        "١٧٤٣,eii2YKXRVTJPuA==",
        _header(2**48),
        _header(10**400),
        _header(entropy=b"012345678"),
        _header(entropy=b"0123456789a"),
    ],
)
def test_a_malformed_seed_is_none(header: str | None) -> None:
    assert seed_of(header) is None


def test_the_last_moment_of_a_ulid_is_a_seed() -> None:
    assert seed_of(_header(2**48 - 1)) is not None
