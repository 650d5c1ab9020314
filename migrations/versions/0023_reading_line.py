"""the line of captures that wait to be read

Revision: 0023
Revises: 0022
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "reading_turns",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("polda_code", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("problem", sa.String(length=80), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("replayed_at", UtcDateTime(), nullable=True),
        sa.Column("replayed_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_reading_turns_capture_id_captures")),
        sa.ForeignKeyConstraint(["device_id"], ["credentials.id"], name=op.f("fk_reading_turns_device_id_credentials")),
        sa.PrimaryKeyConstraint("capture_id", name=op.f("pk_reading_turns")),
    )
    op.create_index("ix_reading_turns_state_turn", "reading_turns", ["state", "turn"])
    op.create_index("ix_reading_turns_state_due_at", "reading_turns", ["state", "due_at"])
    op.create_index("ix_reading_turns_device_id_state", "reading_turns", ["device_id", "state", "turn"])
    # What was accepted before there was a line: put off until now, so that the next `give_turns` lets it in.
    op.execute(
        "INSERT INTO reading_turns (capture_id, device_id, polda_code, state, turn, tries, due_at, received_at) "
        "SELECT c.id, c.device_id, COALESCE((SELECT MAX(u.polda_code) FROM units u WHERE u.code = c.unit), c.unit), "
        "'put_off', 0, 0, c.received_at, c.received_at FROM captures c WHERE c.state = 'received'"
    )


def downgrade() -> None:
    op.drop_table("reading_turns")
