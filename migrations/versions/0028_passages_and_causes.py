"""sections of road, passages, suspected clones, how far a camera's clock was ahead; causes that are looked at again

Revision: 0028
Revises: 0027
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import UtcDateTime

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("captures", sa.Column("clock_ahead_s", sa.Float(), nullable=True))
    op.create_table(
        "road_sections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("polda_code", sa.String(length=60), nullable=False),
        sa.Column("entry_device_id", sa.Uuid(), nullable=False),
        sa.Column("exit_device_id", sa.Uuid(), nullable=False),
        sa.Column("length_m", sa.Integer(), nullable=False),
        sa.Column("limit_kmh", sa.Integer(), nullable=False),
        sa.Column("violation_code", sa.String(length=40), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=80), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_device_id"], ["credentials.id"], name=op.f("fk_road_sections_entry_device_id_credentials")
        ),
        sa.ForeignKeyConstraint(
            ["exit_device_id"], ["credentials.id"], name=op.f("fk_road_sections_exit_device_id_credentials")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road_sections")),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_road_sections_open",
        "road_sections",
        ["entry_device_id", "exit_device_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_road_sections_polda_code", "road_sections", ["polda_code"])
    op.create_index("ix_road_sections_exit_device_id", "road_sections", ["exit_device_id"])
    op.create_table(
        "section_passages",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.String(length=20), nullable=False),
        sa.Column("is_exit", sa.Boolean(), nullable=False),
        sa.Column("passed_at", UtcDateTime(), nullable=False),
        sa.Column("unsure_s", sa.Float(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("measured_kmh", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_section_passages_capture_id_captures")),
        sa.ForeignKeyConstraint(["other_id"], ["captures.id"], name=op.f("fk_section_passages_other_id_captures")),
        sa.ForeignKeyConstraint(
            ["section_id"], ["road_sections.id"], name=op.f("fk_section_passages_section_id_road_sections")
        ),
        sa.PrimaryKeyConstraint("capture_id", name=op.f("pk_section_passages")),
    )
    op.create_index("ix_section_passages_section_plate", "section_passages", ["section_id", "plate", "passed_at"])
    op.create_table(
        "clone_alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plate", sa.String(length=20), nullable=False),
        sa.Column("polda_code", sa.String(length=60), nullable=False),
        sa.Column("earlier_capture_id", sa.Uuid(), nullable=False),
        sa.Column("later_capture_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("metres", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("least_kmh", sa.Integer(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_clone_alerts_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["earlier_capture_id"], ["captures.id"], name=op.f("fk_clone_alerts_earlier_capture_id_captures")
        ),
        sa.ForeignKeyConstraint(
            ["later_capture_id"], ["captures.id"], name=op.f("fk_clone_alerts_later_capture_id_captures")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clone_alerts")),
        sa.UniqueConstraint(
            "earlier_capture_id", "later_capture_id", name="uq_clone_alerts_earlier_capture_id_later_capture_id"
        ),
    )
    for column in ("plate", "polda_code", "case_id"):
        op.create_index(f"ix_clone_alerts_{column}", "clone_alerts", [column])
    op.create_table(
        "cause_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("polda_code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("annulled", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cause_reviews")),
    )
    op.create_index("ix_cause_reviews_kind_key", "cause_reviews", ["polda_code", "kind", "key"])
    op.create_table(
        "cause_review_cases",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("stood_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_cause_review_cases_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["cause_reviews.id"], name=op.f("fk_cause_review_cases_review_id_cause_reviews")
        ),
        sa.PrimaryKeyConstraint("review_id", "case_id", name=op.f("pk_cause_review_cases")),
    )
    op.create_index("ix_cause_review_cases_case_id", "cause_review_cases", ["case_id"])


def downgrade() -> None:
    for table in ("cause_review_cases", "cause_reviews", "clone_alerts", "section_passages", "road_sections"):
        op.drop_table(table)
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.drop_column("clock_ahead_s")
