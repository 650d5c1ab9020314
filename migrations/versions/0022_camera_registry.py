"""the register of cameras, what they push in their vendors' forms, and how they fare

Revision: 0022
Revises: 0021
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    for column in _registered():
        op.add_column("camera_devices", column)
    op.create_table(
        "camera_hours",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("drift_s", sa.Float(), nullable=True),
        sa.Column("sharpness", sa.Float(), nullable=True),
        sa.Column("brightness", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["credentials.id"], name=op.f("fk_camera_hours_device_id_credentials")),
        sa.PrimaryKeyConstraint("device_id", "hour", name=op.f("pk_camera_hours")),
    )
    op.create_table(
        "camera_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("vendor", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", JsonColumn(), nullable=True),
        sa.Column("capture_id", sa.Uuid(), nullable=True),
        sa.Column("passage", JsonColumn(), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_camera_messages_capture_id_captures")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["credentials.id"], name=op.f("fk_camera_messages_device_id_credentials")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera_messages")),
        sa.UniqueConstraint("device_id", "sha256", name=op.f("uq_camera_messages_device_id_sha256")),
    )
    op.create_index("ix_camera_messages_state", "camera_messages", ["state", "received_at"])
    op.create_index(op.f("ix_camera_messages_capture_id"), "camera_messages", ["capture_id"])


def downgrade() -> None:
    op.drop_table("camera_messages")
    op.drop_table("camera_hours")
    with op.batch_alter_table("camera_devices", schema=None) as batch_op:
        for column in reversed(_registered()):
            batch_op.drop_column(column.name)


def _registered() -> "list[sa.Column[Any]]":
    return [
        sa.Column("calibrated_until", sa.Date(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("heading", sa.Integer(), nullable=True),
        sa.Column("lens", sa.String(length=80), nullable=True),
        sa.Column("zone", sa.String(length=4), nullable=True),
        sa.Column("limit_kmh", sa.Float(), nullable=True),
        sa.Column("allowed", JsonColumn(), nullable=False, server_default="[]"),
        sa.Column("accuses", sa.String(length=40), nullable=True),
    ]
