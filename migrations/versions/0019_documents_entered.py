"""issued documents know when their register has learned of them

Revision: 0019
Revises: 0018
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNFINISHED = sa.text("entered_at IS NULL AND revoked_at IS NULL")


def upgrade() -> None:
    op.add_column("issued_documents", sa.Column("entered_at", UtcDateTime(length=32), nullable=True))
    # The register has learned of those that are ready: its job ran right after, and nobody knows any better.
    op.execute("UPDATE issued_documents SET entered_at = ready_at WHERE ready_at IS NOT NULL")
    op.create_index(
        "ix_issued_documents_unfinished",
        "issued_documents",
        ["issued_at"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )


def downgrade() -> None:
    op.drop_index("ix_issued_documents_unfinished", "issued_documents")
    op.drop_column("issued_documents", "entered_at")
