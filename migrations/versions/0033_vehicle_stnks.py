"""the numbers of the STNK that the embedded vehicle register was told of

Revision: 0033
Revises: 0032
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STANDS = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "vehicle_stnks",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("registry_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("lost_on", sa.Date(), nullable=True),
        sa.Column("loss_report_no", sa.String(length=60), nullable=True),
        sa.Column("entered_at", UtcDateTime(length=32), nullable=False),
        sa.Column("ended_at", UtcDateTime(length=32), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_vehicle_stnks")),
    )
    op.create_index(
        "uq_vehicle_stnks_standing",
        "vehicle_stnks",
        ["registry_id"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )


def downgrade() -> None:
    op.drop_table("vehicle_stnks")
