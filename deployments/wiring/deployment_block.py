"""The block of ``prefect.yaml`` by which an event starts a job."""

from groundwork.blocks.work_pool import WORK_POOL


def deployment_block(
    name: str, *, entrypoint: str, event_name: str, interactive: bool = False, work_pool: str = WORK_POOL
) -> str:
    """A job's block, as it stands under ``deployments``.

    Args:
        name: of the job.
        entrypoint: ``module.function``.
        event_name: what the job listens to.
        interactive: workers look at its queue first, which the work pool of jobs that name none has.
        work_pool: whose workers run it.
    """
    queue = "\n      work_queue_name: interactive" if interactive and work_pool == WORK_POOL else ""
    return f"""  - name: {name}
    entrypoint: {entrypoint}
    work_pool:
      name: {work_pool}{queue}
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
