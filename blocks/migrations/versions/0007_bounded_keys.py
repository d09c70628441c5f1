"""keys that payloads choose fit into indexes: beyond 512 bytes their beginning and a digest stand for them"""

from alembic import op

revision = "0007"
down_revision = "0006"

_FUNCTION = """
CREATE FUNCTION groundwork.bounded_key(key text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(key) <= 512 THEN key
    ELSE left(key, 100) || '...' || encode(sha256(convert_to(key, 'UTF8')), 'hex')
END
"""
_COMMENT = (
    "A key as indexes hold it: PostgreSQL takes about 2,700 bytes per index row. Ends in SHA-256 where it is shortened."
)


def upgrade() -> None:
    op.execute(_FUNCTION)
    op.execute(f"COMMENT ON FUNCTION groundwork.bounded_key(text) IS '{_COMMENT}'")
    # Keys that did fit and are longer go on being found.
    op.execute(
        "UPDATE groundwork.delivery "
        "SET flow_key = groundwork.bounded_key(flow_key), cancel_key = groundwork.bounded_key(cancel_key) "
        "WHERE (octet_length(flow_key) > 512 OR octet_length(cancel_key) > 512) "
        "AND state IN ('scheduled', 'queued', 'admitted', 'running')"
    )
    op.execute("UPDATE groundwork.idempotency SET key = groundwork.bounded_key(key) WHERE octet_length(key) > 512")
    op.execute(
        "UPDATE groundwork.step_ledger SET step = groundwork.bounded_key(step), key = groundwork.bounded_key(key) "
        "WHERE octet_length(step) > 512 OR octet_length(key) > 512"
    )
