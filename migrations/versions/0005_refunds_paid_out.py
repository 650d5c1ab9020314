"""Refunds paid out: the accounts that people gave, payment orders, and each attempt to pay.

Revision: 0005
Revises: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # SQLite makes `refunds` anew for its foreign key: before there are payouts that point at it, and after they are gone.
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("payee_key_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_refunds_payee_key_id"), ["payee_key_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_refunds_payee_key_id_data_keys"), "data_keys", ["payee_key_id"], ["id"]
        )

    op.create_table(
        "known_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("name_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_known_accounts_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_accounts")),
        sa.UniqueConstraint("account_bidx", name=op.f("uq_known_accounts_account_bidx")),
    )
    op.create_table(
        "payment_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("polda_code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("account_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("execute_on", sa.Date(), nullable=False),
        sa.Column("drafted_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("drafted_at", UtcDateTime(), nullable=False),
        sa.Column("released_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("leaf_id", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_why", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'withdrawn') OR (released_by IS NOT NULL AND sha256 IS NOT NULL)",
            name=op.f("ck_payment_orders_released_with_hash"),
        ),
        sa.CheckConstraint("count > 0 AND total > 0", name=op.f("ck_payment_orders_not_empty")),
        sa.CheckConstraint("released_by <> drafted_by", name=op.f("ck_payment_orders_four_eyes")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_payment_orders_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_orders_number")),
    )
    with op.batch_alter_table("payment_orders", schema=None) as batch_op:
        batch_op.create_index("ix_payment_orders_polda_code", ["polda_code", "drafted_at"], unique=False)

    op.create_table(
        "refund_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("bank_code", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("number_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("holder_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("person_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("at_bank_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_refund_accounts_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_accounts")),
    )
    with op.batch_alter_table("refund_accounts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_refund_accounts_state",
            ["state", "given_at"],
            unique=False,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )
        batch_op.create_index(
            "uq_refund_accounts_current",
            ["key_id"],
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )

    op.create_table(
        "payouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("end_to_end_id", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.Column("settlement_line", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("return_line", sa.Uuid(), nullable=True),
        sa.Column("return_reason", sqlmodel.sql.sqltypes.AutoString(length=140), nullable=True),
        sa.Column("return_entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'returned') = (return_entry_id IS NOT NULL)", name=op.f("ck_payouts_returned_iff_entry")
        ),
        sa.CheckConstraint(
            "(state IN ('paid', 'returned')) = (entry_id IS NOT NULL)", name=op.f("ck_payouts_paid_iff_entry")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payouts_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["refund_accounts.id"], name=op.f("fk_payouts_account_id_refund_accounts")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entries.id"], name=op.f("fk_payouts_entry_id_ledger_entries")),
        sa.ForeignKeyConstraint(["order_id"], ["payment_orders.id"], name=op.f("fk_payouts_order_id_payment_orders")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_payouts_refund_id_refunds")),
        sa.ForeignKeyConstraint(
            ["return_entry_id"], ["ledger_entries.id"], name=op.f("fk_payouts_return_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_payouts_end_to_end_id")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_payouts_entry_id")),
        sa.UniqueConstraint("return_entry_id", name=op.f("uq_payouts_return_entry_id")),
        sa.UniqueConstraint("return_line", name=op.f("uq_payouts_return_line")),
        sa.UniqueConstraint("settlement_line", name=op.f("uq_payouts_settlement_line")),
    )
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payouts_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payouts_refund_id"), ["refund_id"], unique=False)
        batch_op.create_index(
            "uq_payouts_taken_refund",
            ["refund_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('live', 'paid')"),
            postgresql_where=sa.text("state IN ('live', 'paid')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("payouts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_payouts_taken_refund",
            sqlite_where=sa.text("state IN ('live', 'paid')"),
            postgresql_where=sa.text("state IN ('live', 'paid')"),
        )
        batch_op.drop_index(batch_op.f("ix_payouts_refund_id"))
        batch_op.drop_index(batch_op.f("ix_payouts_order_id"))
        batch_op.drop_index(batch_op.f("ix_payouts_account_id"))

    op.drop_table("payouts")
    with op.batch_alter_table("refund_accounts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_refund_accounts_current",
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_refund_accounts_state",
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )

    op.drop_table("refund_accounts")
    with op.batch_alter_table("payment_orders", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_orders_polda_code")

    op.drop_table("payment_orders")
    op.drop_table("known_accounts")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_refunds_payee_key_id_data_keys"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_refunds_payee_key_id"))
        batch_op.drop_column("payee_key_id")
