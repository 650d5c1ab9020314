"""what is handed in with an answer is sealed

Revision: 0030
Revises: 0029
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("ticket_attachments", sa.Column("digest", sa.String(length=64), nullable=True))
    op.execute("UPDATE ticket_attachments SET digest = sha256")
    with op.batch_alter_table("ticket_attachments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key_id", sa.Uuid(), nullable=True))
        batch_op.alter_column("digest", existing_type=sa.String(length=64), nullable=False)
        batch_op.create_foreign_key(op.f("fk_ticket_attachments_key_id_data_keys"), "data_keys", ["key_id"], ["id"])
        batch_op.drop_constraint(op.f("uq_ticket_attachments_case_id_sha256"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_ticket_attachments_case_id_digest"), ["case_id", "digest"])


def downgrade() -> None:
    # What was sealed meanwhile stays sealed, and is unreadable for what ran before.
    with op.batch_alter_table("ticket_attachments", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_ticket_attachments_case_id_digest"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_ticket_attachments_case_id_sha256"), ["case_id", "sha256"])
        batch_op.drop_constraint(op.f("fk_ticket_attachments_key_id_data_keys"), type_="foreignkey")
        batch_op.drop_column("key_id")
        batch_op.drop_column("digest")
