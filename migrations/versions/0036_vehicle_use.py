"""what a vehicle is registered for, to be compared with the colours of its plate

Revision: 0036
Revises: 0035
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("vehicles", sa.Column("plate_use", sa.String(length=20), nullable=True))


def downgrade() -> None:
    op.drop_column("vehicles", "plate_use")
