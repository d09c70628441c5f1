"""The job ``import-readings`` of the fitness app: a file of readings, or an Apple Health export, becomes readings."""

from typing import Any

from groundwork.events.fitness.sync import ReadingsFileUploaded
from groundwork.flows.job import job
from groundwork.tasks.fitness.apple.steps import read_export, store_all
from groundwork.tasks.fitness.files.steps import collect_rejects, import_all, note_file, want_risk_check


@job(on=ReadingsFileUploaded, lane=1)
def import_readings(event: ReadingsFileUploaded) -> dict[str, Any]:
    """Import a file of the workspace's blobs."""
    if event.format == "apple-health":
        export = read_export(event)
        return {"records": export.records, "refused": export.refused, "changed": store_all(event, export)}
    counts = import_all(event, note_file(event))
    if counts.changed:
        want_risk_check(event.workspace_id)
    rejects_path = collect_rejects(event.workspace_id)
    return {
        "rows": counts.rows,
        "changed": counts.changed,
        "rejected": counts.rejected,
        "reasons": counts.reasons,
        "rejects": rejects_path,
    }
