"""who asked that an issued document be taken back, and who agreed

Revision: 0019
Revises: 0018
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN = sa.text("decided_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "revocation_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("remedy", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("words_enc", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("proposed_at", UtcDateTime(length=32), nullable=False),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", UtcDateTime(length=32), nullable=True),
        sa.CheckConstraint("remedy IN ('revoke', 'replace')", name=op.f("ck_revocation_proposals_remedy")),
        sa.CheckConstraint("decision IN ('confirmed', 'declined')", name=op.f("ck_revocation_proposals_decision")),
        sa.CheckConstraint("(decided_at IS NULL) = (decision IS NULL)", name=op.f("ck_revocation_proposals_decided")),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_revocation_proposals_four_eyes")),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["issued_documents.id"],
            name=op.f("fk_revocation_proposals_document_id_issued_documents"),
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["work_items.id"], name=op.f("fk_revocation_proposals_task_id_work_items")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation_proposals")),
    )
    op.create_index(op.f("ix_revocation_proposals_document_id"), "revocation_proposals", ["document_id"])
    op.create_index(
        "uq_revocation_proposals_open",
        "revocation_proposals",
        ["document_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.drop_column("issued_documents", "revoked_note_enc")


def downgrade() -> None:
    op.add_column("issued_documents", sa.Column("revoked_note_enc", sa.Text(), nullable=True))
    op.drop_table("revocation_proposals")
