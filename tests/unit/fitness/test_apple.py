"""Apple Health exports: what is in them, and what somebody may have put into them."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.process_cache import forget
from groundwork.tasks.fitness.apple.archive import health_xml
from groundwork.tasks.fitness.apple.daily import TYPES, HealthDays
from groundwork.tasks.fitness.apple.records import read_records
from tests.unit.fitness.exports import (
    CORE,
    DEEP,
    HEAD,
    IN_BED,
    SDNN,
    SLEEP,
    SPO2,
    STEPS,
    export_xml,
    export_zip,
    record,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget()
    yield
    monkeypatch.undo()
    forget()


def taken(xml: bytes, block: int = 100) -> HealthDays:
    days = HealthDays(NOW)
    read_records((xml[at : at + block] for at in range(0, len(xml), block)), TYPES, days.take)
    return days


def values(*records: str) -> dict[tuple[str, str], float | None]:
    found = taken(export_xml(*records)).readings("ada", NOW)
    return {(each.metric, str(each.day)): each.value for each in found}


def unpacked(archive: bytes) -> bytes:
    return b"".join(health_xml(io.BytesIO(archive), len(archive)))


def test_sdnn_is_the_mean_of_the_day_and_no_rmssd():
    found = values(
        record(SDNN, "2026-11-20 03:00:00 +0100", "2026-11-20 03:01:00 +0100", 40, "ms"),
        record(SDNN, "2026-11-20 05:00:00 +0100", "2026-11-20 05:01:00 +0100", 60, "ms"),
    )
    assert found == {("hrv_sdnn", "2026-11-20"): 50}


def test_of_two_devices_that_count_the_same_steps_one_stands():
    times = "2026-11-20 09:00:00 +0100", "2026-11-20 09:10:00 +0100"
    found = values(
        record(STEPS, *times, 1000, "count", "Phone"), record(STEPS, *times, 1200, "count", "Watch"),
        record(STEPS, *times, 300, "count", "Phone"),
    )  # fmt: skip
    assert found == {("steps", "2026-11-20"): 1300}


def test_a_night_over_midnight_is_one_day_and_what_overlaps_counts_once():
    found = values(
        record(SLEEP, "2026-11-19 22:00:00 +0100", "2026-11-20 07:00:00 +0100", IN_BED),
        record(SLEEP, "2026-11-19 23:00:00 +0100", "2026-11-19 23:50:00 +0100", CORE),
        record(SLEEP, "2026-11-19 23:50:00 +0100", "2026-11-20 02:00:00 +0100", DEEP),
        record(SLEEP, "2026-11-20 01:00:00 +0100", "2026-11-20 03:00:00 +0100", CORE),
        record(SLEEP, "2026-11-19 23:30:00 +0100", "2026-11-20 01:00:00 +0100", CORE, source="App"),
    )
    assert found[("sleep_seconds", "2026-11-20")] == 4 * 3600
    assert found[("sleep_deep_seconds", "2026-11-20")] == 130 * 60
    assert {day for _, day in found} == {"2026-11-20"}


def test_two_sleeps_of_one_night_count_for_the_days_they_end_on_and_a_nap_adds_to_its_day():
    found = values(
        record(SLEEP, "2026-11-19 20:00:00 +0100", "2026-11-19 21:00:00 +0100", CORE),
        record(SLEEP, "2026-11-20 01:00:00 +0100", "2026-11-20 06:00:00 +0100", CORE),
        record(SLEEP, "2026-11-20 14:00:00 +0100", "2026-11-20 15:00:00 +0100", CORE),
    )
    assert found[("sleep_seconds", "2026-11-19")] == 3600
    assert found[("sleep_seconds", "2026-11-20")] == 6 * 3600


def test_records_of_a_member_who_travels_count_where_they_were():
    found = values(record(SDNN, "2026-11-20 08:00:00 +0900", "2026-11-20 08:01:00 +0900", 40, "ms"))
    assert list(found) == [("hrv_sdnn", "2026-11-20")]


def test_records_within_a_correlation_are_there_once():
    inner = record(STEPS, "2026-11-20 09:00:00 +0100", "2026-11-20 09:10:00 +0100", 1000, "count")
    assert values(inner, f"<Correlation>{inner}</Correlation>", inner.replace("1000", "1")) == {
        ("steps", "2026-11-20"): 1001
    }


def test_what_cannot_be_is_counted_by_its_reason():
    when = "2026-11-20 09:00:00 +0100", "2026-11-20 09:10:00 +0100"
    days = taken(
        export_xml(
            record(SDNN, *when, 40, "furlong"), record(SDNN, *when, "nan", "ms"), record(SDNN, *when, "x", "ms"),
            record(SDNN, *when, 4000, "ms"),
            record(SDNN, "2027-01-01 00:00:00 +0100", "2027-01-01 00:00:00 +0100", 40, "ms"),
            record(SDNN, when[1], when[0], 40, "ms"), record(SDNN, "yesterday", "today", 40, "ms"),
            record(SLEEP, "2026-11-18 09:00:00 +0100", "2026-11-20 09:00:00 +0100", CORE),
            record(SPO2, *when, 0.97, "%"),
        )
    )  # fmt: skip
    assert days.refused == {
        "hrv_sdnn has no unit 'furlong'": 1, "hrv_sdnn is not between 1 and 500 ms": 2, "it has no number": 1,
        "its time cannot be": 2, "it has no time": 1, "it is a sleep of more than a day": 1,
    }  # fmt: skip
    assert [each.value for each in days.readings("ada", NOW)] == [97]


def test_reasons_and_sources_are_bounded():
    when = "2026-11-20 09:00:00 +0100", "2026-11-20 09:10:00 +0100"
    strange = [record(SDNN, *when, 40, f"u{number}") for number in range(500)]
    long = [record(STEPS, *when, 1, "count", "x" * 10_000 + str(number)) for number in range(5)]
    days = taken(export_xml(*strange, *long), block=65_536)
    assert len(days.refused) == 51
    assert [each.value for each in days.readings("ada", NOW)] == [5]


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY lol "lol">', '<!ENTITY % p "x">', '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!NOTATION n SYSTEM "x">', '<!ATTLIST Record value CDATA "1000">',
    ],
)  # fmt: skip
def test_entities_notations_and_defaults_are_refused(declared: str):
    with pytest.raises(NonRetriable, match="declares entities"):
        taken(export_xml().replace(b"]>", f"{declared}\n]>".encode(), 1))


def test_a_dtd_elsewhere_is_refused_and_the_health_app_s_own_is_read():
    assert taken(export_xml()).records == 0
    with pytest.raises(NonRetriable, match="declares entities"):
        taken(b'<!DOCTYPE HealthData SYSTEM "http://127.0.0.1/x.dtd"><HealthData/>')


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"", "no XML"), (b"<HealthData>", "no XML"), (b"<Other/>", "no health record"), (b"\x00\x01", "no XML"),
        (b"<HealthData>" + b"<a>" * 40, "levels"),
    ],
)  # fmt: skip
def test_what_is_no_health_record_says_so(xml: bytes, words: str):
    with pytest.raises(NonRetriable, match=words):
        taken(xml)


def test_a_tag_that_does_not_end_is_not_held_in_memory():
    def blocks() -> Iterator[bytes]:
        yield HEAD.encode() + b'<Record type="'
        while True:
            yield b"x" * 65_536

    tracemalloc.start()
    try:
        with pytest.raises(NonRetriable, match="a tag of more than"):
            read_records(blocks(), TYPES, HealthDays(NOW).take)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file():
    line = record(STEPS, "2026-11-20 09:00:00 +0100", "2026-11-20 09:10:00 +0100", 1, "count").encode()
    days = HealthDays(NOW)
    tracemalloc.start()
    try:
        read_records(
            (each for part in ([HEAD.encode()], [line * 100] * 500, [b"</HealthData>"]) for each in part),
            TYPES,
            days.take,
        )
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert days.records == 50_000


def test_the_record_is_found_by_whatever_the_phone_calls_it():
    assert unpacked(export_zip(export_xml())) == export_xml()
    assert unpacked(export_zip(export_xml(), name="apple_health_export/exportación.xml")) == export_xml()


def test_a_zip_bomb_is_refused_by_its_ratio_and_its_size(monkeypatch: pytest.MonkeyPatch):
    bomb = export_zip(HEAD.encode() + b" " * 30_000_000)
    with pytest.raises(NonRetriable, match="zip bomb"):
        unpacked(bomb)
    monkeypatch.setenv("GROUNDWORK_APPLE_MAX_BYTES", "10000")
    forget()
    with pytest.raises(NonRetriable, match="larger than 10,000"):
        unpacked(bomb)


def test_a_zip_of_many_files_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_APPLE_MAX_ENTRIES", "10")
    forget()
    with pytest.raises(NonRetriable, match="more than 10"):
        unpacked(export_zip(export_xml(), more=20))


def test_what_lies_about_itself_is_damaged_and_a_store_that_fails_is_not():
    whole = export_zip(export_xml(*[record(STEPS, "a", "b", number) for number in range(3000)]))
    end = whole.rindex(b"PK\x05\x06")
    lies = [
        whole[: len(whole) // 2], b"no zip at all", b"", whole[:60] + b"\xff" * 200 + whole[260:],
        whole[: end + 12] + struct.pack("<II", 0xFFFFFFF0, 0) + whole[end + 20 :],
        whole[: end + 16] + struct.pack("<I", 0xFFFFFFF0) + whole[end + 20 :],
    ]  # fmt: skip
    for lie in lies:
        with pytest.raises(NonRetriable, match=r"damaged|health records"):
            unpacked(lie)

    class Away(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("the store went away")

    with pytest.raises(ConnectionResetError):
        b"".join(health_xml(Away(whole), len(whole)))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bounds_are_refused(method: int):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("apple_health_export/export.xml", b"<HealthData/>")
    with pytest.raises(NonRetriable, match="packed in another way"):
        unpacked(target.getvalue())
