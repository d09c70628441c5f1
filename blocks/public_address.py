"""Where people reach the gateway."""

from uuid import UUID

from groundwork.blocks.settings import settings


def public_address() -> str:
    """The gateway's address for people, without a slash at its end: GROUNDWORK_PUBLIC_URL, or this machine's own."""
    return (settings().public_url or f"http://127.0.0.1:{settings().port}").rstrip("/")


def console_of_event(event_id: UUID) -> str:
    """The console's page of an event."""
    return f"{public_address()}/console/events/{event_id}"


def console_of_file(event_id: UUID, job: str, field: str) -> str:
    """The console's link to a file that a job has made: one that opens for operators who have signed in.

    Args:
        field: of the job's result, which names the blob and ends in ``_path``.
    """
    return f"{console_of_event(event_id)}/files/{job}/{field}"


def console_of_run(flow_run_id: UUID) -> str:
    """The console's page of the events that a flow run carries."""
    return f"{public_address()}/console/runs/{flow_run_id}"
