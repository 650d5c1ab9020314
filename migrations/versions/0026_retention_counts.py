"""how much retention has forgotten, and when

Revision: 0026
Revises: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "retention_counts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("what", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(length=32), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_retention_counts_count")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_retention_counts_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_counts")),
    )
    op.create_index(op.f("ix_retention_counts_at"), "retention_counts", ["at"])


def downgrade() -> None:
    op.drop_table("retention_counts")
