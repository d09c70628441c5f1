"""The flow ``tell-of-dead-letters``: Prefect's automation runs it after deliveries have failed for good.

It is not a job, since what it tells of may be that jobs do not run; it goes past the inbox.
"""

from prefect import flow

from groundwork.tasks.operations.dead_letters.mail import mail_operators


@flow(name="tell-of-dead-letters", persist_result=False)
def tell_of_dead_letters() -> int:
    """Mail the operators about dead letters that they have not been told of."""
    return mail_operators()
