"""draws with a pool committed beforehand; absences and lots of staff

Revision: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ANNOUNCED = sa.text("status = 'announced'")


def upgrade() -> None:
    op.create_table(
        "draws",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pool_leaf", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("announced_at", UtcDateTime(), nullable=False),
        sa.Column("officer", sa.String(length=60), nullable=True),
        sa.Column("checkpoint_size", sa.BigInteger(), nullable=True),
        sa.Column("drawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("status IN ('announced', 'drawn', 'void')", name=op.f("ck_draws_status")),
        sa.CheckConstraint("(status = 'drawn') = (officer IS NOT NULL)", name=op.f("ck_draws_drawn_names_officer")),
        sa.CheckConstraint(
            "(status = 'drawn') = (checkpoint_size IS NOT NULL)", name=op.f("ck_draws_drawn_names_checkpoint")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_draws_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["checkpoint_size"], ["checkpoints.tree_size"], name=op.f("fk_draws_checkpoint_size_checkpoints")
        ),
        sa.ForeignKeyConstraint(["pool_leaf"], ["leaves.id"], name=op.f("fk_draws_pool_leaf_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_draws_case_id_number")),
        sa.UniqueConstraint("pool_leaf", name=op.f("uq_draws_pool_leaf")),
    )
    op.create_index(
        "uq_draws_announced",
        "draws",
        ["case_id"],
        unique=True,
        sqlite_where=_ANNOUNCED,
        postgresql_where=_ANNOUNCED,
    )
    op.create_table(
        "staff_absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_staff_absences_order")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_absences_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_absences")),
    )
    op.create_index(op.f("ix_staff_absences_staff_id"), "staff_absences", ["staff_id"])
    # In words of our own: only so does SQLite take the column with its check, without making the whole table anew.
    op.execute(
        "ALTER TABLE staff ADD COLUMN draw_weight INTEGER DEFAULT 1 NOT NULL "
        "CONSTRAINT ck_staff_draw_weight CHECK (draw_weight BETWEEN 0 AND 100)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE staff DROP COLUMN draw_weight")
    op.drop_table("staff_absences")
    op.drop_table("draws")
