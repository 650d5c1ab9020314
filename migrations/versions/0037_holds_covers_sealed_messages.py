"""a capture in several road sections; holds on evidence; areas covered by hand; messages of cameras sealed

Revision: 0037
Revises: 0036
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = sa.text("released_at IS NULL")
OLD, PASSAGES = "section_passages_old", "section_passages"
# Until now a capture was in one section, so that a ticket on it stands on what was measured there.
_FILL = """
    INSERT INTO section_passages
        (capture_id, section_id, plate, is_exit, passed_at, unsure_s, other_id, measured_kmh, opened_case)
    SELECT capture_id, section_id, plate, is_exit, passed_at, unsure_s, other_id, measured_kmh,
        measured_kmh IS NOT NULL AND EXISTS (SELECT 1 FROM tickets WHERE tickets.capture_id = old.capture_id)
    FROM section_passages_old old
"""
_FILL_BACK = """
    INSERT INTO section_passages
        (capture_id, section_id, plate, is_exit, passed_at, unsure_s, other_id, measured_kmh)
    SELECT capture_id, section_id, plate, is_exit, passed_at, unsure_s, other_id, measured_kmh
    FROM section_passages_old old
    WHERE NOT EXISTS (
        SELECT 1 FROM section_passages_old other
        WHERE other.capture_id = old.capture_id AND other.section_id < old.section_id
    )
"""


def upgrade() -> None:
    _passages("capture_id", "section_id", opened_case=True)
    with op.batch_alter_table("camera_messages") as batch:
        batch.add_column(sa.Column("stored_as", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("key_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_camera_messages_key_id_data_keys"), "data_keys", ["key_id"], ["id"])
        batch.create_index(op.f("ix_camera_messages_stored_as"), ["stored_as"])
    op.create_table(
        "evidence_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("placed_by", sa.String(length=80), nullable=False),
        sa.Column("release_asked_at", UtcDateTime(), nullable=True),
        sa.Column("release_asked_by", sa.String(length=80), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_evidence_holds_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_holds")),
    )
    op.create_index(
        "uq_evidence_holds_open",
        "evidence_holds",
        ["case_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "hand_covers",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("areas", JsonColumn(), nullable=False),
        sa.Column("drawn_at", UtcDateTime(), nullable=False),
        sa.Column("drawn_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_hand_covers_capture_id_captures")),
        sa.PrimaryKeyConstraint("capture_id", "position", name=op.f("pk_hand_covers")),
    )


def downgrade() -> None:
    """Sealed messages of cameras cannot be read by the older version, so this refuses while one is kept; a capture that was a
    passage of several sections stays a passage of one."""
    sealed = op.get_bind().execute(sa.text("SELECT count(*) FROM camera_messages WHERE key_id IS NOT NULL")).scalar()
    if sealed:
        raise RuntimeError(f"{sealed} messages of cameras are sealed; have them understood first, or restore a backup")
    op.drop_table("hand_covers")
    op.drop_table("evidence_holds")
    with op.batch_alter_table("camera_messages") as batch:
        batch.drop_index(op.f("ix_camera_messages_stored_as"))
        batch.drop_constraint(op.f("fk_camera_messages_key_id_data_keys"), type_="foreignkey")
        batch.drop_column("key_id")
        batch.drop_column("stored_as")
    _passages("capture_id", opened_case=False)


def _passages(*key: str, opened_case: bool) -> None:
    """Make the table of passages anew with another primary key: SQLite cannot change one."""
    op.drop_index("ix_section_passages_section_plate", PASSAGES)
    if op.get_bind().dialect.name == "postgresql":
        for name in _names():
            op.execute(f"ALTER TABLE {PASSAGES} RENAME CONSTRAINT {name} TO old_{name}")
    op.rename_table(PASSAGES, OLD)
    extra = [sa.Column("opened_case", sa.Boolean(), nullable=False)] if opened_case else []
    pk, *foreign = _names()
    op.create_table(
        PASSAGES,
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.String(length=20), nullable=False),
        sa.Column("is_exit", sa.Boolean(), nullable=False),
        sa.Column("passed_at", UtcDateTime(), nullable=False),
        sa.Column("unsure_s", sa.Float(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("measured_kmh", sa.Float(), nullable=True),
        *extra,
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=foreign[0]),
        sa.ForeignKeyConstraint(["other_id"], ["captures.id"], name=foreign[1]),
        sa.ForeignKeyConstraint(["section_id"], ["road_sections.id"], name=foreign[2]),
        sa.PrimaryKeyConstraint(*key, name=pk),
    )
    op.create_index("ix_section_passages_section_plate", PASSAGES, ["section_id", "plate", "passed_at"])
    op.execute(_FILL if opened_case else _FILL_BACK)
    op.drop_table(OLD)


def _names() -> tuple[str, str, str, str]:
    return (
        op.f("pk_section_passages"),
        op.f("fk_section_passages_capture_id_captures"),
        op.f("fk_section_passages_other_id_captures"),
        op.f("fk_section_passages_section_id_road_sections"),
    )
