"""the answers that are kept for repeated calls are sealed

Revision: 0031
Revises: 0030
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # What lies there in clear goes: only a call that is repeated across this very update is done a second time.
    op.execute("DELETE FROM kept_answers")
    with op.batch_alter_table("kept_answers", schema=None) as batch_op:
        batch_op.drop_column("body")
        batch_op.add_column(sa.Column("body_enc", sa.String(), nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM kept_answers")
    with op.batch_alter_table("kept_answers", schema=None) as batch_op:
        batch_op.drop_column("body_enc")
        batch_op.add_column(sa.Column("body", JsonColumn(), nullable=False))
