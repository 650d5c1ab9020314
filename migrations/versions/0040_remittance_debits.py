"""a remittance is known in the bank's statement, statement files have an end, and bills are guarded in every way

What a bill asks for could be emptied by TRUNCATE (PostgreSQL), and put in another's place by INSERT OR REPLACE (SQLite, which
asks no trigger on DELETE for the row in its way). A later migration that rebuilds one of these tables on SQLite (batch mode)
loses its triggers.

Revision: 0040
Revises: 0039
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_POSTGRESQL = {
    "bill_lines": "loket_append_only",
    "bills": "loket_bill_kept",
}
_SQLITE = {
    "bill_lines_no_replace": (
        "bill_lines",
        "bill_id = NEW.bill_id AND ordinal = NEW.ordinal",
        "ABORT, 'bill_lines is append-only: open another bill'",
    ),
    "bills_no_replace": (
        "bills",
        "id = NEW.id OR paid_entry_id = NEW.paid_entry_id"
        " OR (state = 'open' AND NEW.state = 'open' AND case_id = NEW.case_id)",
        "ABORT, 'a bill is never deleted: its number would be free again'",
    ),
    "snap_later_ids_no_replace": (
        "snap_later_ids",
        "client_id = NEW.client_id AND payment_request_id = NEW.payment_request_id",
        "ABORT, 'snap_later_ids is append-only: write a reversing entry'",
    ),
}


def upgrade() -> None:
    op.create_table(
        "remittance_debits",
        sa.Column("remittance_id", sa.Uuid(), nullable=False),
        sa.Column("exception_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_debits_remittance_id_remittances")
        ),
        sa.ForeignKeyConstraint(
            ["exception_id"],
            ["settlement_exceptions.id"],
            name=op.f("fk_remittance_debits_exception_id_settlement_exceptions"),
        ),
        sa.PrimaryKeyConstraint("remittance_id", name=op.f("pk_remittance_debits")),
        sa.UniqueConstraint("exception_id", name=op.f("uq_remittance_debits_exception_id")),
    )
    op.add_column("settlement_files", sa.Column("forgotten_at", UtcDateTime(length=32), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        for table, function in _POSTGRESQL.items():
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
        return
    for name, (table, taken, answer) in _SQLITE.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "  # noqa: S608 constants
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) BEGIN SELECT RAISE({answer}); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _POSTGRESQL:
            op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
    else:
        for name in _SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    op.drop_column("settlement_files", "forgotten_at")
    op.drop_table("remittance_debits")
