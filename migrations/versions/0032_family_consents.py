"""an adult of the family card agrees: for whom an application was begun

Revision: 0032
Revises: 0031
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("applications", sa.Column("behalf", sa.String(length=10), nullable=True))
    # Whether they were children or adults is sealed: no paper given elsewhere is opened through them.
    op.execute(
        "UPDATE applications SET behalf = 'unproved' WHERE person_id IS NOT NULL AND nik_bidx IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM people WHERE people.id = applications.person_id AND people.nik_bidx <> applications.nik_bidx)"
    )


def downgrade() -> None:
    with op.batch_alter_table("applications") as batch:
        batch.drop_column("behalf")
