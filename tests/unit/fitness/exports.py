"""Small Apple Health exports."""

import io
import zipfile

# As exports of the Health app begin: a DTD of their own, without entities.
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record type CDATA #REQUIRED unit CDATA #IMPLIED value CDATA #IMPLIED>
]>
<HealthData locale="de_DE">
 <ExportDate value="2026-11-21 08:00:00 +0100"/>
"""
TAIL = "</HealthData>\n"
SDNN = "HKQuantityTypeIdentifierHeartRateVariabilitySDNN"
STEPS = "HKQuantityTypeIdentifierStepCount"
SPO2 = "HKQuantityTypeIdentifierOxygenSaturation"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
CORE, DEEP = "HKCategoryValueSleepAnalysisAsleepCore", "HKCategoryValueSleepAnalysisAsleepDeep"
IN_BED = "HKCategoryValueSleepAnalysisInBed"


def record(kind: str, start: str, end: str, value: object, unit: str = "", source: str = "Watch") -> str:
    unit = f' unit="{unit}"' if unit else ""
    return f' <Record type="{kind}" sourceName="{source}"{unit} startDate="{start}" endDate="{end}" value="{value}"/>\n'


def export_xml(*records: str) -> bytes:
    return (HEAD + "".join(records) + TAIL).encode()


def export_zip(xml: bytes, *, name: str = "apple_health_export/Export.xml", more: int = 1) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, xml)
        archive.writestr("apple_health_export/export_cda.xml", b"<ClinicalDocument/>")
        for number in range(more):
            archive.writestr(f"apple_health_export/workout-routes/route_{number}.gpx", b"<gpx/>")
    return target.getvalue()
