"""A file of readings, CSV or Parquet: from a blob to upserted rows.

The way of a file, one module each: ``source`` (chunks of text columns, cut at fixed rows) → ``prepare`` with
``moments`` (Arrow) → ``upsert`` (PostgreSQL), with rejected rows to ``rejects``.
"""
