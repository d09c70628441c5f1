"""users are found by their address, of which a mail provider tells that it does not exist"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index("app_user_address_idx", "app_user", [sa.text("lower(email)")], schema="app")
