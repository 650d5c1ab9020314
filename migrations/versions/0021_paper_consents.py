"""consent on paper, for who has no phone

Revision: 0021
Revises: 0020
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "paper_consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("of", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("name_enc", sa.String(), nullable=True),
        sa.Column("what_id", sa.String(length=200), nullable=False),
        sa.Column("what_en", sa.String(length=200), nullable=False),
        sa.Column("printed_by", sa.String(length=60), nullable=False),
        sa.Column("printed_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("scan_sha256", sa.String(length=64), nullable=True),
        sa.Column("scan_digest", sa.String(length=64), nullable=True),
        sa.Column("scan_type", sa.String(length=40), nullable=True),
        sa.Column("scanned_by", sa.String(length=60), nullable=True),
        sa.Column("scanned_at", UtcDateTime(), nullable=True),
        sa.Column("seen_by", sa.String(length=60), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "seen_by IS NULL OR (seen_by <> printed_by AND seen_by <> scanned_by AND scan_digest IS NOT NULL)",
            name=op.f("ck_paper_consents_four_eyes"),
        ),
        sa.CheckConstraint("used_at IS NULL OR seen_by IS NOT NULL", name=op.f("ck_paper_consents_seen_first")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_paper_consents_case_id_cases")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_paper_consents_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_consents")),
        sa.UniqueConstraint("reference", name=op.f("uq_paper_consents_reference")),
    )
    with op.batch_alter_table("paper_consents", schema=None) as batch_op:
        batch_op.create_index("ix_paper_consents_unit_printed_at", ["unit", "printed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_consents_case_id"), ["case_id"], unique=False)


def downgrade() -> None:
    op.drop_table("paper_consents")
