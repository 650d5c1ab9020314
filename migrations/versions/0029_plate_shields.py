"""shields against cloned plates, and the forgers' files

Revision: 0029
Revises: 0028
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "plate_shields",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.String(length=80), nullable=False),
        sa.Column("plate", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("colour", sa.String(length=40), nullable=False),
        sa.Column("marks_enc", sa.String(), nullable=False),
        sa.Column("first_sha256", sa.String(length=64), nullable=False),
        sa.Column("second_sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_plate_shields_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plate_shields")),
    )
    op.create_index("ix_plate_shields_vehicle_id", "plate_shields", ["vehicle_id"])
    op.create_index("ix_plate_shields_person_id", "plate_shields", ["person_id"])
    op.create_table(
        "forger_sightings",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("shield_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("noted_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_forger_sightings_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["shield_id"], ["plate_shields.id"], name=op.f("fk_forger_sightings_shield_id_plate_shields")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_forger_sightings")),
    )
    op.create_index("ix_forger_sightings_shield_id", "forger_sightings", ["shield_id"])


def downgrade() -> None:
    op.drop_table("forger_sightings")
    op.drop_table("plate_shields")
