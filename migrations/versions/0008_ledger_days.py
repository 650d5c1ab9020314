"""What each account moved on a day for each Polda, rolled up at night; and the settlement lines of an entry.

Revision: 0008
Revises: 0007
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "ledger_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("undone", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("lines > 0", name=op.f("ck_ledger_days_lines_are_counted")),
        sa.PrimaryKeyConstraint("day", "account", "unit", "kind", "undone", name=op.f("pk_ledger_days")),
    )
    op.create_index(op.f("ix_settlement_lines_ended_entry_id"), "settlement_lines", ["ended_entry_id"], unique=False)
    op.create_index(op.f("ix_settlement_lines_entry_id"), "settlement_lines", ["entry_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_settlement_lines_entry_id"), table_name="settlement_lines")
    op.drop_index(op.f("ix_settlement_lines_ended_entry_id"), table_name="settlement_lines")
    op.drop_table("ledger_days")
