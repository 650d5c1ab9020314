"""what a recogniser that is only watched said of a capture, beside what counted

Revision: 0024
Revises: 0023
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "shadow_readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("backend", sa.String(), nullable=True),
        sa.Column("plate", sa.String(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("shadow", sa.String(), nullable=False),
        sa.Column("shadow_plate", sa.String(), nullable=True),
        sa.Column("shadow_confidence", sa.Float(), nullable=False),
        sa.Column("shadow_ms", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["captures.id"], name=op.f("fk_shadow_readings_capture_id_captures"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_readings")),
        sa.UniqueConstraint(
            "capture_id", "position", "shadow", name=op.f("uq_shadow_readings_capture_id_position_shadow")
        ),
    )
    op.create_index("ix_shadow_readings_read_at", "shadow_readings", ["read_at"])


def downgrade() -> None:
    op.drop_index("ix_shadow_readings_read_at", table_name="shadow_readings")
    op.drop_table("shadow_readings")
