"""issued documents that are not sealed yet are found fast

Revision: 0025
Revises: 0024
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNSEALED = sa.text("ready_at IS NULL AND revoked_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_issued_documents_unsealed",
        "issued_documents",
        ["issued_at"],
        sqlite_where=UNSEALED,
        postgresql_where=UNSEALED,
    )


def downgrade() -> None:
    op.drop_index("ix_issued_documents_unsealed", "issued_documents")
