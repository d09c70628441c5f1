"""The block of ``prefect.yaml`` by which an event starts a job."""

from groundwork.deployments.wiring.work_pool import WORK_POOL


def deployment_block(name: str, *, entrypoint: str, event_name: str, interactive: bool = False) -> str:
    """A job's block, as it stands under ``deployments``.

    Args:
        name: of the job.
        entrypoint: ``module.function``.
        event_name: what the job listens to.
        interactive: workers look at its queue first.
    """
    queue = "\n      work_queue_name: interactive" if interactive else ""
    return f"""  - name: {name}
    entrypoint: {entrypoint}
    work_pool:
      name: {WORK_POOL}{queue}
    triggers:
      - type: event
        name: {event_name} starts {name}
        description: An event {event_name} was accepted. A run of {name} works on it.
        expect: ["{event_name}"]
        match: {{prefect.resource.id: "groundwork.delivery.*", groundwork.job: {name}}}
        posture: Reactive
        threshold: 1
        within: 0
        parameters:
          delivery_id: "{{{{ event.payload.delivery_id }}}}\""""
