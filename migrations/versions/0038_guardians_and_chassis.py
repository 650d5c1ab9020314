"""who may apply for a child; the chassis number by which two applications for one new vehicle are seen

Revision: 0038
Revises: 0037
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("population", sa.Column("guardians_enc", sa.String(), nullable=True))
    op.add_column("applications", sa.Column("chassis_bidx", sa.String(length=64), nullable=True))
    op.create_index("ix_applications_chassis_bidx", "applications", ["chassis_bidx"])
    op.create_index(op.f("ix_vehicles_chassis_bidx"), "vehicles", ["chassis_bidx"])


def downgrade() -> None:
    op.drop_index(op.f("ix_vehicles_chassis_bidx"), "vehicles")
    op.drop_index("ix_applications_chassis_bidx", "applications")
    op.drop_column("applications", "chassis_bidx")
    op.drop_column("population", "guardians_enc")
