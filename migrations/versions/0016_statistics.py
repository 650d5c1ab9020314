"""public figures

Revision: 0016
Revises: 0015
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subject", sa.String(length=40), nullable=True))
    op.create_index("ix_case_events_at", "case_events", ["at"])
    op.create_table(
        "event_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("lifecycle", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.CheckConstraint("events > 0", name=op.f("ck_event_days_events")),
        sa.PrimaryKeyConstraint("day", "unit", "lifecycle", "subject", "action", name=op.f("pk_event_days")),
    )
    op.create_index("ix_event_days_unit", "event_days", ["unit", "day"])


def downgrade() -> None:
    op.drop_table("event_days")
    op.drop_index("ix_case_events_at", table_name="case_events")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("subject")
