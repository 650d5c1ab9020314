"""registers of licences, records, tax, insurance, health, psychology and JKN; sex and citizenship in the population register

Revision: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "register_records",
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("key_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("part", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("body_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_register_records_key_id_data_keys")),
        sa.PrimaryKeyConstraint("kind", "key_bidx", "part", name=op.f("pk_register_records")),
    )
    op.create_table(
        "register_writes",
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("key_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_register_writes")),
    )
    op.create_index(op.f("ix_register_writes_key_bidx"), "register_writes", ["key_bidx"], unique=False)
    with op.batch_alter_table("population", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sex_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("citizenship_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("population", schema=None) as batch_op:
        batch_op.drop_column("citizenship_enc")
        batch_op.drop_column("sex_enc")
    op.drop_index(op.f("ix_register_writes_key_bidx"), table_name="register_writes")
    op.drop_table("register_writes")
    op.drop_table("register_records")
