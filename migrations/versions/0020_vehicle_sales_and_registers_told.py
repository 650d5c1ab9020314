"""of what there is one good document; what the embedded vehicle register knows of sales, and when the registers learned of an issued document

Revision: 0020
Revises: 0019
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STANDS = sa.text("ended_at IS NULL")
_GOOD = sa.text("revoked_at IS NULL")
_UNTOLD = sa.text("entered_at IS NULL AND ready_at IS NOT NULL AND revoked_at IS NULL")
_SEALED = ("nik_enc", "name_enc", "address_enc", "phone_enc", "email_enc")


def upgrade() -> None:
    op.create_table(
        "vehicle_sales",
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("registry_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=True) for name in _SEALED),
        sa.Column("reported_at", UtcDateTime(length=32), nullable=False),
        sa.Column("ended_at", UtcDateTime(length=32), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_vehicle_sales_key_id_data_keys")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_vehicle_sales")),
    )
    op.create_index(
        "uq_vehicle_sales_standing",
        "vehicle_sales",
        ["registry_id"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )
    op.add_column(
        "issued_documents", sa.Column("subject_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True)
    )
    op.create_index(
        "ix_issued_documents_subject",
        "issued_documents",
        ["subject_bidx"],
        sqlite_where=_GOOD,
        postgresql_where=_GOOD,
    )
    op.add_column("issued_documents", sa.Column("entered_at", UtcDateTime(length=32), nullable=True))
    op.add_column("issued_documents", sa.Column("entry_tried_at", UtcDateTime(length=32), nullable=True))
    # Of those that are sealed the registers have learned: their job ran right after, and nobody knows any better.
    op.execute("UPDATE issued_documents SET entered_at = ready_at WHERE ready_at IS NOT NULL")
    op.create_index(
        "ix_issued_documents_not_entered",
        "issued_documents",
        ["ready_at"],
        sqlite_where=_UNTOLD,
        postgresql_where=_UNTOLD,
    )


def downgrade() -> None:
    op.drop_index(
        "ix_issued_documents_not_entered",
        table_name="issued_documents",
        sqlite_where=_UNTOLD,
        postgresql_where=_UNTOLD,
    )
    op.drop_column("issued_documents", "entry_tried_at")
    op.drop_column("issued_documents", "entered_at")
    op.drop_index(
        "ix_issued_documents_subject", table_name="issued_documents", sqlite_where=_GOOD, postgresql_where=_GOOD
    )
    op.drop_column("issued_documents", "subject_bidx")
    op.drop_table("vehicle_sales")
