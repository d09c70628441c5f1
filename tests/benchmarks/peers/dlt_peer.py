"""dlt: a CSV of contacts into a table, one row for each e-mail: Arrow in, COPY of CSV, upsert by the primary key.

``python dlt_peer.py URL FILE TIMES`` loads the file so many times, each into a new schema, and prints JSON: seconds of
each, and the rows of the last table.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator

import dlt
import pyarrow as pa
from pyarrow import csv

_KEY = "E-mail Address"


def load(url: str, file: str, times: int) -> None:
    """Load, and print what it took."""
    seconds = []
    for number in range(times):
        with tempfile.TemporaryDirectory() as folder:
            pipeline = dlt.pipeline(
                f"contacts_{number}",
                destination=dlt.destinations.postgres(url),
                dataset_name=f"contacts_{number}",
                pipelines_dir=folder,
            )
            began = time.perf_counter()
            pipeline.run(
                batches(file),
                table_name="contact",
                primary_key=_KEY,
                write_disposition={"disposition": "merge", "strategy": "upsert"},
                loader_file_format="csv",
            )
            seconds.append(time.perf_counter() - began)
            with pipeline.sql_client() as client:
                rows = client.execute_sql(f"SELECT count(*) FROM contacts_{number}.contact")[0][0]
    print(json.dumps({"seconds": seconds, "rows": rows}))


def batches(file: str) -> Iterator[pa.Table]:
    """The file as Arrow tables of some megabytes; every column as text."""
    with open(file, encoding="utf-8") as lines:
        names = lines.readline().strip().split(",")
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    for batch in csv.open_csv(file, csv.ReadOptions(block_size=8 * 1024 * 1024), convert_options=convert):
        yield pa.Table.from_batches([batch])


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2], int(sys.argv[3]))
