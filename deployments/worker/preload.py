"""What every run needs, imported once in the zygote; each run's process is a copy of it.

Only imports belong here: a thread, a socket or an event loop made before the fork would be dead or shared after it.
"""

import pandas  # noqa: F401
import prefect.engine
import prefect.flow_engine
import prefect.main  # noqa: F401
import pyarrow.compute
import pyarrow.csv  # noqa: F401
import s3fs  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

from flows.job import jobs


def preload() -> None:
    """Import every job, so that a run's own import finds all it asks for."""
    jobs()
