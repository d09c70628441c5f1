"""what mails of the contacts application need"""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
