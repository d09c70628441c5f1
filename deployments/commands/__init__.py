"""The commands of ``groundwork``, one per file.

A file imports at its top only what ``--help`` needs: Typer, the standard library and modules that are as light. What a
command works with is imported inside it. Prefect alone costs 1.5 s of CPU, SQLAlchemy and Pydantic half a second;
``tests/unit/test_command_line.py`` says which modules stay out.
"""
