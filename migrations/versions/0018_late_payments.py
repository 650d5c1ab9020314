"""what a payment finds that comes after its line; ids told later; verdict lines that say otherwise than before

Revision: 0018
Revises: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0018"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_HELD = sa.text("ended_by IS NULL AND held > 0")
_OF_HELD = {"request": "payment_request_id", "reference": "bank_reference", "bill": "bill_id"}


def upgrade() -> None:
    for name, column in _OF_HELD.items():
        op.create_index(
            f"ix_settlement_lines_held_{name}", "settlement_lines", [column], sqlite_where=_HELD, postgresql_where=_HELD
        )
    op.create_table(
        "snap_later_ids",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("payment_request_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["snap_payments.id"], name=op.f("fk_snap_later_ids_payment_id_snap_payments")
        ),
        sa.PrimaryKeyConstraint("client_id", "payment_request_id", name=op.f("pk_snap_later_ids")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_snap_later_ids_payment_id")),
    )
    _make_append_only("snap_later_ids")
    op.add_column("verdict_files", sa.Column("differs", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("verdict_files", schema=None) as batch_op:
        batch_op.drop_column("differs")
    op.drop_table("snap_later_ids")
    for name in _OF_HELD:
        op.drop_index(
            f"ix_settlement_lines_held_{name}",
            table_name="settlement_lines",
            sqlite_where=_HELD,
            postgresql_where=_HELD,
        )


def _make_append_only(table: str) -> None:
    """As the other rows of a payment are (0002); the triggers go with their table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION loket_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION loket_append_only()"
        )
        return
    for word in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{word} BEFORE {word.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: write a reversing entry'); END"
        )
