"""why a capture was not read so far, and what a camera's confidence is out of

Revision: 0041
Revises: 0040
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("reading_turns", sa.Column("cause", sa.String(length=80), nullable=True))
    op.add_column("camera_devices", sa.Column("confidence_of", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("camera_devices", "confidence_of")
    op.drop_column("reading_turns", "cause")
