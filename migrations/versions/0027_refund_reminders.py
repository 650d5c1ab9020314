"""reminders of refunds are billing's, whatever the case is about

Revision: 0027
Revises: 0026
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "refund_reminders",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_refund_reminders_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "days", name=op.f("pk_refund_reminders")),
    )
    op.execute(
        "INSERT INTO refund_reminders (case_id, days, at) "
        "SELECT case_id, CAST(substr(kind, 8) AS INTEGER), at FROM ticket_reminders WHERE kind LIKE 'refund:%'"
    )
    op.execute("DELETE FROM ticket_reminders WHERE kind LIKE 'refund:%'")


def downgrade() -> None:
    op.execute(
        "INSERT INTO ticket_reminders (case_id, kind, at) SELECT case_id, 'refund:' || days, at FROM refund_reminders"
    )
    op.drop_table("refund_reminders")
