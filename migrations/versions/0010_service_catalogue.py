"""the service catalogue's versions and offers

Revision: 0010
Revises: 0009
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from app.core.db import UtcDateTime

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "service_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_versions")),
        sa.UniqueConstraint("digest", name=op.f("uq_service_versions_digest")),
    )
    op.create_index("ix_service_versions_service_code", "service_versions", ["service_code", "version"])
    op.create_table(
        "service_offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("service_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=True),
        sa.Column("target_on", sa.Date(), nullable=True),
        sa.Column("suspended_at", UtcDateTime(), nullable=True),
        sa.Column("suspended_until", sa.Date(), nullable=True),
        sa.Column("notice_id", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("notice_en", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(suspended_at IS NULL) = (notice_id IS NULL) AND (notice_id IS NULL) = (notice_en IS NULL)",
            name=op.f("ck_service_offers_suspended_iff_notice"),
        ),
        sa.CheckConstraint(
            "suspended_at IS NOT NULL OR suspended_until IS NULL", name=op.f("ck_service_offers_until_if_suspended")
        ),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_service_offers_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_offers")),
        sa.UniqueConstraint("service_code", "unit", name=op.f("uq_service_offers_service_code_unit")),
    )
    op.create_index("ix_service_offers_unit", "service_offers", ["unit"])


def downgrade() -> None:
    op.drop_index("ix_service_offers_unit", table_name="service_offers")
    op.drop_table("service_offers")
    op.drop_index("ix_service_versions_service_code", table_name="service_versions")
    op.drop_table("service_versions")
