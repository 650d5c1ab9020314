"""issued documents

Revision: 0015
Revises: 0014
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "issued_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("check_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("issued_at", UtcDateTime(length=32), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("ready_at", UtcDateTime(length=32), nullable=True),
        sa.Column("sealed_leaf_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(length=32), nullable=True),
        sa.Column("revoked_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("revoked_why", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("revoked_note_enc", sa.Text(), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("print_state", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=True),
        sa.Column("printed_at", UtcDateTime(length=32), nullable=True),
        sa.Column("printed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_why IS NULL)", name=op.f("ck_issued_documents_revoked_has_reason")
        ),
        sa.CheckConstraint("(sha256 IS NULL) = (ready_at IS NULL)", name=op.f("ck_issued_documents_ready_has_file")),
        sa.CheckConstraint("print_state IN ('ordered', 'printed')", name=op.f("ck_issued_documents_print_state")),
        sa.CheckConstraint(
            "printed_at IS NULL OR print_state = 'printed'", name=op.f("ck_issued_documents_printed_at")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_issued_documents_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["check_code"], ["check_codes.code"], name=op.f("fk_issued_documents_check_code_check_codes")
        ),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_issued_documents_key_id_data_keys")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_issued_documents_leaf_id_leaves")),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["issued_documents.id"], name=op.f("fk_issued_documents_replaced_by_issued_documents")
        ),
        sa.ForeignKeyConstraint(
            ["sealed_leaf_id"], ["leaves.id"], name=op.f("fk_issued_documents_sealed_leaf_id_leaves")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issued_documents")),
        sa.UniqueConstraint("check_code", name=op.f("uq_issued_documents_check_code")),
        sa.UniqueConstraint("number", name=op.f("uq_issued_documents_number")),
    )
    with op.batch_alter_table("issued_documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issued_documents_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_issued_documents_key_id"), ["key_id"], unique=False)
        batch_op.create_index(
            "ix_issued_documents_ordered",
            ["unit", "issued_at"],
            unique=False,
            sqlite_where=sa.text("print_state = 'ordered'"),
            postgresql_where=sa.text("print_state = 'ordered'"),
        )
        batch_op.create_index(
            "uq_issued_documents_good",
            ["case_id", "kind"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_table("issued_documents")
