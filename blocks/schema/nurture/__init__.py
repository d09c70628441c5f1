"""The nurture application's own tables, in the schema ``nurture``."""
