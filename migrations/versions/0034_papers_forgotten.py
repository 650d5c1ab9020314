"""issued documents and forms of consent have an end by time

Revision: 0034
Revises: 0033
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("issued_documents", sa.Column("forgotten_at", UtcDateTime(length=32), nullable=True))
    op.add_column("paper_consents", sa.Column("forgotten_at", UtcDateTime(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("paper_consents", "forgotten_at")
    op.drop_column("issued_documents", "forgotten_at")
