"""What the tables of the fitness application have in common."""

from sqlalchemy import DateTime

SCHEMA = "fitness"
TIMESTAMP = DateTime(timezone=True)
