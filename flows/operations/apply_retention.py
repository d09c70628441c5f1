"""The flow ``apply-retention``: every night, what has ended long ago is forgotten. ``docs/operations.md`` says what."""

from prefect import flow

from groundwork.tasks.operations.retention.forget import forget_events, forget_results, forget_unfinished_files


@flow(name="apply-retention", persist_result=False)
def apply_retention() -> dict[str, int]:
    """Delete settled events, old results of steps and unfinished files. Prefect forgets its own flow runs by itself."""
    return {"results": forget_results(), "events": forget_events(), "unfinished": forget_unfinished_files()}
