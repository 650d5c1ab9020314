"""Several lines on a bill, what replaced a bill, remittances to the treasury, QRIS codes, files of verdicts.

What a bill asks for is fixed in the database: amount, account and number never change and no bill is deleted (its number
would be free again), lines are append-only and sum to the amount. On PostgreSQL the sum is asked at commit; SQLite has
no deferred triggers, so there it may at no time be exceeded and must be reached before the bill is paid. A later
migration that rebuilds `bills` on SQLite (batch mode) loses these triggers and must make them again.

Revision: 0006
Revises: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from app.core.db import JsonColumn, UtcDateTime

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "verdict_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("decided", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("faults", JsonColumn(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.Column("uploaded_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.Column("applied_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict_files")),
        sa.UniqueConstraint("unit", "sha256", name=op.f("uq_verdict_files_unit_sha256")),
    )
    op.create_table(
        "remittances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("payee", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("billing_code", sqlmodel.sql.sqltypes.AutoString(length=15), nullable=True),
        sa.Column("ntb", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=True),
        sa.Column("ntpn", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("transfer_no", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("remitted_on", sa.Date(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(payee = 'treasury') = (ntpn IS NOT NULL AND ntb IS NOT NULL AND billing_code IS NOT NULL)",
            name=op.f("ck_remittances_treasury_has_ntpn"),
        ),
        sa.CheckConstraint(
            "(payee = 'treasury') = (transfer_no IS NULL)", name=op.f("ck_remittances_others_have_transfer")
        ),
        sa.CheckConstraint(
            "(state = 'confirmed') = (entry_id IS NOT NULL)", name=op.f("ck_remittances_confirmed_iff_entry")
        ),
        sa.CheckConstraint("(state = 'recorded') = (closed_by IS NULL)", name=op.f("ck_remittances_recorded_iff_open")),
        sa.CheckConstraint("state <> 'confirmed' OR closed_by <> recorded_by", name=op.f("ck_remittances_four_eyes")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_remittances_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_remittances_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittances")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_remittances_entry_id")),
    )
    with op.batch_alter_table("remittances", schema=None) as batch_op:
        batch_op.create_index("ix_remittances_unit", ["unit", "state", "recorded_at"], unique=False)
        batch_op.create_index(
            "uq_remittances_billing_code",
            ["billing_code"],
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
        batch_op.create_index(
            "uq_remittances_ntpn",
            ["ntpn"],
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
        batch_op.create_index(
            "uq_remittances_transfer",
            ["payee", "transfer_no"],
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )

    op.create_table(
        "bill_lines",
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("title_id", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("title_en", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bill_lines_amount_is_positive")),
        sa.CheckConstraint("ordinal > 0", name=op.f("ck_bill_lines_ordinal_is_positive")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_bill_lines_bill_id_bills")),
        sa.PrimaryKeyConstraint("bill_id", "ordinal", name=op.f("pk_bill_lines")),
    )
    op.create_table(
        "bill_replacements",
        sa.Column("old_id", sa.Uuid(), nullable=False),
        sa.Column("new_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.CheckConstraint("old_id <> new_id", name=op.f("ck_bill_replacements_another_bill")),
        sa.ForeignKeyConstraint(["new_id"], ["bills.id"], name=op.f("fk_bill_replacements_new_id_bills")),
        sa.ForeignKeyConstraint(["old_id"], ["bills.id"], name=op.f("fk_bill_replacements_old_id_bills")),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_bill_replacements")),
        sa.UniqueConstraint("new_id", name=op.f("uq_bill_replacements_new_id")),
    )
    op.create_table(
        "qris_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("partner_reference_no", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reference_no", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("fault", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.CheckConstraint("state <> 'ready' OR payload IS NOT NULL", name=op.f("ck_qris_codes_ready_has_payload")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_qris_codes_amount_is_positive")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_qris_codes_bill_id_bills")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qris_codes")),
        sa.UniqueConstraint("partner_reference_no", name=op.f("uq_qris_codes_partner_reference_no")),
    )
    with op.batch_alter_table("qris_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_qris_codes_bill_id"), ["bill_id"], unique=False)
        batch_op.create_index(
            "uq_qris_codes_live",
            ["bill_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'over'"),
            postgresql_where=sa.text("state <> 'over'"),
        )

    op.create_table(
        "remittance_parts",
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("remittance_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_remittance_parts_amount_is_positive")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_remittance_parts_bill_id_bills")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_parts_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("bill_id", "account", name=op.f("pk_remittance_parts")),
    )
    with op.batch_alter_table("remittance_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remittance_parts_remittance_id"), ["remittance_id"], unique=False)

    with op.batch_alter_table("bills", schema=None) as batch_op:
        batch_op.add_column(sa.Column("grace_minutes", sa.Integer(), nullable=True))

    with op.batch_alter_table("ledger_lines", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_lines_payee",
            ["account", "bill_id"],
            unique=False,
            sqlite_where=sa.text("account IN ('PF', 'RV', 'TR', 'JR') OR account LIKE 'BP:%'"),
            postgresql_where=sa.text("account IN ('PF', 'RV', 'TR', 'JR') OR account LIKE 'BP:%'"),
        )

    with op.batch_alter_table("ticket_receipts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("entry_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE ticket_receipts SET entry_id = (SELECT paid_entry_id FROM bills WHERE bills.id = ticket_receipts.bill_id)"
    )
    # A bill that is paid again after a reversal has a second receipt.
    with op.batch_alter_table("ticket_receipts", schema=None) as batch_op:
        batch_op.drop_constraint("pk_ticket_receipts", type_="primary")
        batch_op.create_primary_key("pk_ticket_receipts", ["event_id"])
        batch_op.create_index(batch_op.f("ix_ticket_receipts_bill_id"), ["bill_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_ticket_receipts_entry_id"), ["entry_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_ticket_receipts_entry_id_ledger_entries"), "ledger_entries", ["entry_id"], ["id"]
        )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _unguard_postgresql()
    else:
        for name in _SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    # The older schema keeps one receipt for each bill: the newest.
    op.execute(
        "DELETE FROM ticket_receipts WHERE EXISTS (SELECT 1 FROM ticket_receipts newer "
        "WHERE newer.bill_id = ticket_receipts.bill_id AND newer.at > ticket_receipts.at)"
    )
    with op.batch_alter_table("ticket_receipts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_ticket_receipts_entry_id_ledger_entries"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_ticket_receipts_entry_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_ticket_receipts_bill_id"))
        batch_op.drop_constraint("pk_ticket_receipts", type_="primary")
        batch_op.create_primary_key("pk_ticket_receipts", ["bill_id"])
        batch_op.drop_column("entry_id")

    with op.batch_alter_table("ledger_lines", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_ledger_lines_payee",
            sqlite_where=sa.text("account IN ('PF', 'RV', 'TR', 'JR') OR account LIKE 'BP:%'"),
            postgresql_where=sa.text("account IN ('PF', 'RV', 'TR', 'JR') OR account LIKE 'BP:%'"),
        )

    with op.batch_alter_table("bills", schema=None) as batch_op:
        batch_op.drop_column("grace_minutes")

    with op.batch_alter_table("remittance_parts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remittance_parts_remittance_id"))

    op.drop_table("remittance_parts")
    with op.batch_alter_table("qris_codes", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_qris_codes_live", sqlite_where=sa.text("state <> 'over'"), postgresql_where=sa.text("state <> 'over'")
        )
        batch_op.drop_index(batch_op.f("ix_qris_codes_bill_id"))

    op.drop_table("qris_codes")
    op.drop_table("bill_replacements")
    op.drop_table("bill_lines")
    with op.batch_alter_table("remittances", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_remittances_transfer",
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
        batch_op.drop_index(
            "uq_remittances_ntpn",
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
        batch_op.drop_index(
            "uq_remittances_billing_code",
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )
        batch_op.drop_index("ix_remittances_unit")

    op.drop_table("remittances")
    op.drop_table("verdict_files")


_SQLITE_TRIGGERS = (
    "bill_lines_no_update",
    "bill_lines_no_delete",
    "bill_lines_within_amount",
    "bills_fixed",
    "bills_no_delete",
    "bills_paid_by_lines",
)
_FIXED = "what a bill asks for never changes: open another in its place"
_KEPT = "a bill is never deleted: its number would be free again"
_UNEQUAL = "the lines of a bill must sum to its amount"
_LINES = "COALESCE((SELECT SUM(amount) FROM bill_lines WHERE bill_id = {bill}), 0)"


def _guard_postgresql() -> None:
    op.execute(
        f"""
        CREATE FUNCTION loket_bill_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{_FIXED}';
        END $$
        """
    )
    op.execute(
        f"""
        CREATE FUNCTION loket_bill_kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{_KEPT}';
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION loket_bill_lines_sum() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            asked uuid;
        BEGIN
            IF TG_TABLE_NAME = 'bills' THEN asked := NEW.id; ELSE asked := NEW.bill_id; END IF;
            IF NOT EXISTS (
                SELECT 1 FROM bills b WHERE b.id = asked AND b.account = '*'
                AND b.amount = (SELECT SUM(amount) FROM bill_lines WHERE bill_id = asked)
            ) THEN
                RAISE EXCEPTION 'the lines of a bill must sum to its amount: %', asked;
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER bill_lines_append_only BEFORE UPDATE OR DELETE ON bill_lines "
        "FOR EACH ROW EXECUTE FUNCTION loket_append_only()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER bill_lines_sum AFTER INSERT ON bill_lines "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION loket_bill_lines_sum()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER bills_lines_sum AFTER INSERT ON bills DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.account = '*') EXECUTE FUNCTION loket_bill_lines_sum()"
    )
    op.execute(
        "CREATE TRIGGER bills_fixed BEFORE UPDATE OF amount, currency, account, customer_no ON bills "
        "FOR EACH ROW EXECUTE FUNCTION loket_bill_fixed()"
    )
    op.execute("CREATE TRIGGER bills_kept BEFORE DELETE ON bills FOR EACH ROW EXECUTE FUNCTION loket_bill_kept()")


def _unguard_postgresql() -> None:
    for table, triggers in (
        ("bill_lines", ("bill_lines_append_only", "bill_lines_sum")),
        ("bills", ("bills_lines_sum", "bills_fixed", "bills_kept")),
    ):
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("loket_bill_fixed", "loket_bill_kept", "loket_bill_lines_sum"):
        op.execute(f"DROP FUNCTION {function}()")


def _guard_sqlite() -> None:
    for what in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER bill_lines_no_{what} BEFORE {what.upper()} ON bill_lines "
            "BEGIN SELECT RAISE(ABORT, 'bill_lines is append-only: open another bill'); END"
        )
    op.execute(
        "CREATE TRIGGER bill_lines_within_amount BEFORE INSERT ON bill_lines "  # noqa: S608 constants
        "WHEN COALESCE((SELECT amount FROM bills WHERE id = NEW.bill_id AND account = '*'), 0) "
        f"< NEW.amount + {_LINES.format(bill='NEW.bill_id')} "
        f"BEGIN SELECT RAISE(ABORT, '{_UNEQUAL}'); END"
    )
    op.execute(
        "CREATE TRIGGER bills_fixed BEFORE UPDATE OF amount, currency, account, customer_no ON bills "
        f"BEGIN SELECT RAISE(ABORT, '{_FIXED}'); END"
    )
    op.execute(f"CREATE TRIGGER bills_no_delete BEFORE DELETE ON bills BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END")
    op.execute(
        "CREATE TRIGGER bills_paid_by_lines BEFORE UPDATE OF paid_entry_id ON bills "
        f"WHEN NEW.account = '*' AND NEW.paid_entry_id IS NOT NULL AND NEW.amount <> {_LINES.format(bill='NEW.id')} "
        f"BEGIN SELECT RAISE(ABORT, '{_UNEQUAL}'); END"
    )
