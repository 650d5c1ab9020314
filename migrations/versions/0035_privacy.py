"""evidence sealed, shown as covered copies, and deleted by class with a proof

Revision: 0035
Revises: 0034
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNSEALED = sa.text("stored_as IS NULL AND deleted_at IS NULL")
IDLE = sa.text("idle_since IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("evidence_files") as batch:
        batch.add_column(sa.Column("stored_as", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("key_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("deleted_at", UtcDateTime(), nullable=True))
        batch.create_foreign_key(op.f("fk_evidence_files_key_id_data_keys"), "data_keys", ["key_id"], ["id"])
        batch.create_index(op.f("ix_evidence_files_stored_as"), ["stored_as"])
    op.create_index(
        "ix_evidence_files_unsealed",
        "evidence_files",
        ["capture_id"],
        sqlite_where=UNSEALED,
        postgresql_where=UNSEALED,
    )
    op.add_column("captures", sa.Column("idle_since", UtcDateTime(), nullable=True))
    op.create_index("ix_captures_idle_since", "captures", ["idle_since"], sqlite_where=IDLE, postgresql_where=IDLE)
    op.add_column("tickets", sa.Column("evidence_gone_at", UtcDateTime(), nullable=True))
    # What no case has taken up and nobody is to read any more: its time runs from when it came.
    op.execute(
        """
        UPDATE captures SET idle_since = received_at
        WHERE NOT EXISTS (SELECT 1 FROM tickets WHERE tickets.capture_id = captures.id)
          AND NOT EXISTS (SELECT 1 FROM ticket_captures WHERE ticket_captures.capture_id = captures.id)
          AND NOT EXISTS (SELECT 1 FROM reading_turns WHERE reading_turns.capture_id = captures.id)
        """
    )
    op.create_table(
        "evidence_deletions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("polda_code", sa.String(length=60), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("captures", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("leaf_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_evidence_deletions_leaf_id_leaves")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_evidence_deletions_policy_id_policies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_deletions")),
    )
    op.create_index(op.f("ix_evidence_deletions_begun_at"), "evidence_deletions", ["begun_at"])
    op.create_table(
        "deleted_captures",
        sa.Column("deletion_id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["deletion_id"],
            ["evidence_deletions.id"],
            name=op.f("fk_deleted_captures_deletion_id_evidence_deletions"),
        ),
        sa.PrimaryKeyConstraint("deletion_id", "capture_id", name=op.f("pk_deleted_captures")),
    )
    op.create_index(op.f("ix_deleted_captures_capture_id"), "deleted_captures", ["capture_id"])
    op.create_table(
        "doomed_objects",
        sa.Column("object_name", sa.String(length=64), nullable=False),
        sa.Column("deletion_id", sa.Uuid(), nullable=True),
        sa.Column("doomed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deletion_id"],
            ["evidence_deletions.id"],
            name=op.f("fk_doomed_objects_deletion_id_evidence_deletions"),
        ),
        sa.PrimaryKeyConstraint("object_name", name=op.f("pk_doomed_objects")),
    )
    op.create_index(op.f("ix_doomed_objects_deletion_id"), "doomed_objects", ["deletion_id"])
    op.create_table(
        "shown_pictures",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("plate", sa.String(length=20), nullable=True),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("crop", sa.String(length=64), nullable=True),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("plates", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_shown_pictures_capture_id_captures")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_shown_pictures_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("capture_id", "position", name=op.f("pk_shown_pictures")),
    )


def downgrade() -> None:
    """Sealed originals stay sealed: whoever goes back has to open them first, so this refuses while there are any."""
    sealed = op.get_bind().execute(sa.text("SELECT count(*) FROM evidence_files WHERE stored_as IS NOT NULL")).scalar()
    if sealed:
        raise RuntimeError(f"{sealed} originals are sealed and could not be opened any more; restore a backup instead")
    op.drop_table("shown_pictures")
    op.drop_table("doomed_objects")
    op.drop_table("deleted_captures")
    op.drop_table("evidence_deletions")
    op.drop_column("tickets", "evidence_gone_at")
    op.drop_index("ix_captures_idle_since", "captures")
    op.drop_column("captures", "idle_since")
    op.drop_index("ix_evidence_files_unsealed", "evidence_files")
    with op.batch_alter_table("evidence_files") as batch:
        batch.drop_index(op.f("ix_evidence_files_stored_as"))
        batch.drop_constraint(op.f("fk_evidence_files_key_id_data_keys"), type_="foreignkey")
        batch.drop_column("deleted_at")
        batch.drop_column("key_id")
        batch.drop_column("stored_as")
