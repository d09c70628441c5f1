"""A CSV of contacts: from a blob to upserted rows.

The way of a file, one module each: ``unpack`` (gzip, zip) → ``encoding`` (to UTF-8) → ``dialect`` and ``headers``
(which column is what) → ``chunks`` (whole records, cut at fixed places) → ``parse`` and ``normalise`` (Arrow) →
``upsert`` (PostgreSQL), with rejected rows to ``rejects``. ``contacts_file`` puts them together.
"""
