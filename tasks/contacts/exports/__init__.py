"""A file of contacts: from rows to a blob.

The way of the rows, one module each: ``columns`` (which, under which header) and ``query`` (the one SELECT) →
``snapshot`` (COPY as Arrow batches) and ``rows`` → ``encode`` (CSV or Parquet) → ``parts``
(pieces of a multipart upload) → ``steps`` (each part one step).
"""
