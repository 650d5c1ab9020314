"""applications, their documents and messages

Revision: 0013
Revises: 0012
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("service_code", sa.String(length=40), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("home_unit", sa.String(length=60), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("assisted_unit", sa.String(length=60), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("nik_enc", sa.String(), nullable=True),
        sa.Column("name_enc", sa.String(), nullable=True),
        sa.Column("contact_enc", sa.String(), nullable=True),
        sa.Column("nik_bidx", sa.String(length=64), nullable=True),
        sa.Column("born_bidx", sa.String(length=64), nullable=True),
        sa.Column("subject_bidx", sa.String(length=64), nullable=True),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("form_enc", sa.String(), nullable=True),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("exemption", sa.String(length=40), nullable=True),
        sa.Column("price", JsonColumn(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("precheck", JsonColumn(), nullable=False),
        sa.Column("prechecked_at", UtcDateTime(), nullable=True),
        sa.Column("clock_used_s", sa.Integer(), nullable=False),
        sa.Column("clock_since", UtcDateTime(), nullable=True),
        sa.Column("appointment_kind", sa.String(length=40), nullable=True),
        sa.Column("attended_at", UtcDateTime(), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("retests", sa.Integer(), nullable=False),
        sa.Column("rebook_from", UtcDateTime(), nullable=True),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("refusal_code", sa.String(length=40), nullable=True),
        sa.Column("tracking_no", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("clock_used_s >= 0", name=op.f("ck_applications_clock_used")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_applications_case_id_cases")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_applications_key_id_data_keys")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_applications_person_id_people")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["service_versions.id"], name=op.f("fk_applications_version_id_service_versions")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_applications")),
    )
    op.create_index(op.f("ix_applications_nik_bidx"), "applications", ["nik_bidx"], unique=False)
    op.create_index("ix_applications_person_id", "applications", ["person_id", "created_at"], unique=False)
    op.create_index(op.f("ix_applications_service_code"), "applications", ["service_code"], unique=False)
    op.create_index("ix_applications_subject_bidx", "applications", ["subject_bidx"], unique=False)
    op.create_table(
        "application_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("warnings", JsonColumn(), nullable=False),
        sa.Column("reused_from", sa.Uuid(), nullable=True),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_application_documents_case_id_cases")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_application_documents_key_id_data_keys")),
        sa.ForeignKeyConstraint(
            ["reused_from"],
            ["application_documents.id"],
            name=op.f("fk_application_documents_reused_from_application_documents"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_documents")),
    )
    op.create_index(op.f("ix_application_documents_case_id"), "application_documents", ["case_id"], unique=False)
    op.create_index(
        "uq_application_documents_present",
        "application_documents",
        ["case_id", "name"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "application_marks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("pointer", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("words_enc", sa.String(), nullable=True),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("mended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_application_marks_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_marks")),
    )
    op.create_index(op.f("ix_application_marks_case_id"), "application_marks", ["case_id"], unique=False)
    op.create_index(
        "uq_application_marks_open",
        "application_marks",
        ["case_id", "pointer"],
        unique=True,
        sqlite_where=sa.text("mended_at IS NULL"),
        postgresql_where=sa.text("mended_at IS NULL"),
    )
    op.create_table(
        "application_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("by", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=80), nullable=False),
        sa.Column("body_enc", sa.String(), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_type", sa.String(length=40), nullable=True),
        sa.Column("file_name_enc", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_application_messages_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_messages")),
    )
    op.create_index("ix_application_messages_case_id", "application_messages", ["case_id", "at"], unique=False)
    op.create_table(
        "application_receipts",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("check_code", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_application_receipts_bill_id_bills")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_application_receipts_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_application_receipts_entry_id_ledger_entries")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["case_events.id"], name=op.f("fk_application_receipts_event_id_case_events")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_application_receipts")),
        sa.UniqueConstraint("check_code", name=op.f("uq_application_receipts_check_code")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_application_receipts_entry_id")),
    )
    op.create_index(op.f("ix_application_receipts_bill_id"), "application_receipts", ["bill_id"], unique=False)
    op.create_index(op.f("ix_application_receipts_case_id"), "application_receipts", ["case_id"], unique=False)


def downgrade() -> None:
    op.drop_table("application_receipts")
    op.drop_table("application_messages")
    op.drop_table("application_marks")
    op.drop_table("application_documents")
    op.drop_table("applications")
