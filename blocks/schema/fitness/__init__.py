"""The fitness application's own tables, in the schema ``fitness``."""
