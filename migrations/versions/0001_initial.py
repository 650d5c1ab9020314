"""initial

Revision: 0001
Revises:
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel
from alembic import op
from app.core.db import JsonColumn, UtcDateTime

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "browser_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("amr", JsonColumn(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_browser_sessions_token_hash")),
    )
    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_browser_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_browser_sessions_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lifecycle", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("lifecycle_version", sa.Integer(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_to", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("reference", name=op.f("uq_cases_reference")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cases_assigned_to"), ["assigned_to"], unique=False)
        batch_op.create_index("ix_cases_unit_state", ["unit", "state"], unique=False)

    op.create_table(
        "checkpoints",
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tree_size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("path_only", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("secret_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("previous_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("previous_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("previous_until", UtcDateTime(), nullable=True),
        sa.Column("public_key_pem", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("profile", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("partner_service_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("redirect_uris", JsonColumn(), nullable=False),
        sa.Column("allowed_origins", JsonColumn(), nullable=False),
        sa.Column("scopes", JsonColumn(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("rotated_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("client_id", name=op.f("uq_credentials_client_id")),
        sa.UniqueConstraint("partner_service_id", name=op.f("uq_credentials_partner_service_id")),
    )
    op.create_table(
        "data_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("wrapped", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
        sa.UniqueConstraint("person_bidx", name=op.f("uq_data_keys_person_bidx")),
    )
    op.create_table(
        "dispatch_days",
        sa.Column("polda_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("polda_code", "day", name=op.f("pk_dispatch_days")),
    )
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", JsonColumn(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answers")),
        sa.UniqueConstraint("slot", name=op.f("uq_kept_answers_slot")),
    )
    with op.batch_alter_table("kept_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_answers_at"), ["at"], unique=False)

    op.create_table(
        "leaves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
        sa.UniqueConstraint("commitment", name=op.f("uq_leaves_commitment")),
        sa.UniqueConstraint("leaf_index", name=op.f("uq_leaves_leaf_index")),
    )
    with op.batch_alter_table("leaves", schema=None) as batch_op:
        batch_op.create_index(
            "ix_leaves_waiting",
            ["recorded_at", "id"],
            unique=False,
            sqlite_where=sa.text("leaf_index IS NULL"),
            postgresql_where=sa.text("leaf_index IS NULL"),
        )

    op.create_table(
        "ledger_accounts",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_accounts")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("memo", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reverses"], ["ledger_entries.id"], name=op.f("fk_ledger_entries_reverses_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_entries_reverses")),
    )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entries_at"), ["at"], unique=False)

    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_log_tiles")),
    )
    op.create_table(
        "oauth_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amr", JsonColumn(), nullable=False),
        sa.Column("auth_time", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_why", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_grants")),
    )
    with op.batch_alter_table("oauth_grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oauth_grants_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_oauth_grants_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("kid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("public_jwk", JsonColumn(), nullable=False),
        sa.Column("private_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "snap_external_ids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("service", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snap_external_ids")),
        sa.UniqueConstraint("client_id", "service", "day", "external_id", name="uq_snap_external_ids_once"),
    )
    with op.batch_alter_table("snap_external_ids", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snap_external_ids_day"), ["day"], unique=False)

    op.create_table(
        "snap_tokens",
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_snap_tokens")),
    )
    with op.batch_alter_table("snap_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snap_tokens_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_snap_tokens_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "vehicle_blocks",
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("registry_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_vehicle_blocks")),
    )
    with op.batch_alter_table("vehicle_blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vehicle_blocks_registry_id"), ["registry_id"], unique=False)

    op.create_table(
        "bills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("customer_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_why", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("paid_at", UtcDateTime(), nullable=True),
        sa.Column("paid_entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(state = 'paid') = (paid_entry_id IS NOT NULL)", name=op.f("ck_bills_paid_iff_entry")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bills_amount_is_positive")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_bills_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["paid_entry_id"], ["ledger_entries.id"], name=op.f("fk_bills_paid_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bills")),
        sa.UniqueConstraint("customer_no", name=op.f("uq_bills_customer_no")),
        sa.UniqueConstraint("paid_entry_id", name=op.f("uq_bills_paid_entry_id")),
    )
    with op.batch_alter_table("bills", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bills_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_bills_state_expires_at", ["state", "expires_at"], unique=False)
        batch_op.create_index(
            "uq_bills_open_case",
            ["case_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "camera_devices",
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("model", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=True),
        sa.Column("certificate_no", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("certificate_until", sa.Date(), nullable=True),
        sa.Column("calibrated_on", sa.Date(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_camera_devices_credential_id_credentials")
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_camera_devices")),
    )
    op.create_table(
        "captures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("capture_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("body_key", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("content_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("captured_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("violation_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("location", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("limit_kmh", sa.Float(), nullable=True),
        sa.Column("lane", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("reading", JsonColumn(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["credentials.id"], name=op.f("fk_captures_device_id_credentials")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captures")),
        sa.UniqueConstraint("body_key", name=op.f("uq_captures_body_key")),
    )
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.create_index("ix_captures_device_received", ["device_id", "received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_captures_received_at"), ["received_at"], unique=False)

    op.create_table(
        "case_deadlines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("problem", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_deadlines_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_deadlines")),
        sa.UniqueConstraint("case_id", "name", name=op.f("uq_case_deadlines_case_id_name")),
    )
    with op.batch_alter_table("case_deadlines", schema=None) as batch_op:
        batch_op.create_index(
            "ix_case_deadlines_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        )

    op.create_table(
        "case_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("title_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("title_en", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("cause", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("from_state", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("to_state", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("actor_kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("data", JsonColumn(), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id_cases")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_case_events_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        sa.UniqueConstraint("case_id", "seq", name=op.f("uq_case_events_case_id_seq")),
    )
    op.create_table(
        "case_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("actor_kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_views_case_id_cases")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_case_views_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_views")),
    )
    with op.batch_alter_table("case_views", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_views_case_id"), ["case_id"], unique=False)

    op.create_table(
        "check_codes",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("about_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("about_en", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_check_codes_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_check_codes")),
    )
    op.create_table(
        "oauth_codes",
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("nonce", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("code_challenge", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code_challenge_method", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["oauth_grants.id"], name=op.f("fk_oauth_codes_grant_id_oauth_grants")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_oauth_codes")),
    )
    with op.batch_alter_table("oauth_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oauth_codes_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_oauth_codes_grant_id"), ["grant_id"], unique=False)

    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("about", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("held_enc", JsonColumn(), nullable=False),
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_one_time_codes_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
    )
    with op.batch_alter_table("one_time_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_codes_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index("ix_one_time_codes_purpose_about", ["purpose", "about"], unique=False)

    op.create_table(
        "outbox_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("medium", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("address_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("address_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("check_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_outbox_messages_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_messages_message_id")),
    )
    with op.batch_alter_table("outbox_messages", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_messages_address_bidx", ["address_bidx", "sent_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_messages_sent_at"), ["sent_at"], unique=False)

    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("contact_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("external_subject", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("nik_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("nik_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("bound_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("signed_in_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_people_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("contact_bidx", name=op.f("uq_people_contact_bidx")),
        sa.UniqueConstraint("external_subject", name=op.f("uq_people_external_subject")),
        sa.UniqueConstraint("nik_bidx", name=op.f("uq_people_nik_bidx")),
    )
    op.create_table(
        "population",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("nik_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("nik_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("born_on_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("kk_no_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("address_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_population_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_population")),
        sa.UniqueConstraint("nik_bidx", name=op.f("uq_population_nik_bidx")),
    )
    op.create_table(
        "reference_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("table_name", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("file_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("changes", JsonColumn(), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_reference_revisions_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_revisions")),
        sa.UniqueConstraint("number", name=op.f("uq_reference_revisions_number")),
    )
    with op.batch_alter_table("reference_revisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_revisions_table_name"), ["table_name"], unique=False)

    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["oauth_grants.id"], name=op.f("fk_refresh_tokens_grant_id_oauth_grants")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_refresh_tokens_grant_id"), ["grant_id"], unique=False)

    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("email_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("external_subject", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("roles", JsonColumn(), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("password_temporary", sa.Boolean(), nullable=False),
        sa.Column("totp_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("totp_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_staff_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email_bidx", name=op.f("uq_staff_email_bidx")),
        sa.UniqueConstraint("external_subject", name=op.f("uq_staff_external_subject")),
    )
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_unit"), ["unit"], unique=False)

    op.create_table(
        "stnk_blocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("plate", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=True),
        sa.Column("lift_asked_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("leaf_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_stnk_blocks_case_id_cases")),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_stnk_blocks_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stnk_blocks")),
    )
    with op.batch_alter_table("stnk_blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stnk_blocks_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_stnk_blocks_state", ["state", "proposed_at"], unique=False)
        batch_op.create_index("ix_stnk_blocks_vehicle_id", ["vehicle_id"], unique=False)

    op.create_table(
        "ticket_parties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("nik_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("nik_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("address_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("sim_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("addressee", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("superseded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_parties_case_id_cases")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_ticket_parties_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_parties")),
        sa.UniqueConstraint("code", name=op.f("uq_ticket_parties_code")),
    )
    with op.batch_alter_table("ticket_parties", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_parties_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_parties_nik_bidx"), ["nik_bidx"], unique=False)

    op.create_table(
        "ticket_reminders",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_reminders_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("pk_ticket_reminders")),
    )
    op.create_table(
        "vehicles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registry_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("plate", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("chassis_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("chassis_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("chassis_tail_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("engine_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("engine_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("engine_tail_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("make", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("model", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("colour", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("owner_nik_bidx", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("nik_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("name_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("address_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_vehicles_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles")),
        sa.UniqueConstraint("plate", name=op.f("uq_vehicles_plate")),
        sa.UniqueConstraint("registry_id", name=op.f("uq_vehicles_registry_id")),
    )
    with op.batch_alter_table("vehicles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vehicles_owner_nik_bidx"), ["owner_nik_bidx"], unique=False)

    op.create_table(
        "work_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("lasts", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("assignee_only", sa.Boolean(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_work_items_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_items")),
    )
    with op.batch_alter_table("work_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_items_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "ix_work_items_open",
            ["unit", "role", "opened_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "evidence_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_evidence_files_capture_id_captures")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_files")),
        sa.UniqueConstraint("capture_id", "position", name=op.f("uq_evidence_files_capture_id_position")),
    )
    with op.batch_alter_table("evidence_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_files_sha256"), ["sha256"], unique=False)

    op.create_table(
        "fees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("service", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("variant", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["reference_revisions.id"], name=op.f("fk_fees_revision_id_reference_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fees")),
        sa.UniqueConstraint("code", "valid_from", "revision_id", name=op.f("uq_fees_code_valid_from_revision_id")),
    )
    with op.batch_alter_table("fees", schema=None) as batch_op:
        batch_op.create_index(
            "ix_fees_open_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.create_table(
        "holidays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["reference_revisions.id"], name=op.f("fk_holidays_revision_id_reference_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holidays")),
        sa.UniqueConstraint("code", "valid_from", "revision_id", name=op.f("uq_holidays_code_valid_from_revision_id")),
    )
    with op.batch_alter_table("holidays", schema=None) as batch_op:
        batch_op.create_index(
            "ix_holidays_open_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.create_table(
        "ledger_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_lines_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["account"], ["ledger_accounts.code"], name=op.f("fk_ledger_lines_account_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_ledger_lines_bill_id_bills")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_lines_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lines")),
    )
    with op.batch_alter_table("ledger_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_lines_bill_id"), ["bill_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_lines_entry_id"), ["entry_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("medium", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("lang", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("address_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("params_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("check_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("tell", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("valid_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("delivery_proof", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("provider_ref", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.ForeignKeyConstraint(["check_code"], ["check_codes.code"], name=op.f("fk_messages_check_code_check_codes")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_messages_key_id_data_keys")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_case_id", ["case_id"], unique=False)
        batch_op.create_index("ix_messages_state_next_attempt_at", ["state", "next_attempt_at"], unique=False)

    op.create_table(
        "payment_incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=True),
        sa.Column("facts", JsonColumn(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_payment_incidents_bill_id_bills")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_incidents")),
        sa.UniqueConstraint("client_id", "kind", "subject", name="uq_payment_incidents_once"),
    )
    with op.batch_alter_table("payment_incidents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_incidents_at"), ["at"], unique=False)

    op.create_table(
        "plate_regions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("series_first_letter", sqlmodel.sql.sqltypes.AutoString(length=1), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("area", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("province", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("polda_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("unit_code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["reference_revisions.id"], name=op.f("fk_plate_regions_revision_id_reference_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plate_regions")),
        sa.UniqueConstraint(
            "code", "valid_from", "revision_id", name=op.f("uq_plate_regions_code_valid_from_revision_id")
        ),
    )
    with op.batch_alter_table("plate_regions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_plate_regions_open_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["reference_revisions.id"], name=op.f("fk_policies_revision_id_reference_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("code", "valid_from", "revision_id", name=op.f("uq_policies_code_valid_from_revision_id")),
    )
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.create_index(
            "ix_policies_open_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owed_at", UtcDateTime(), nullable=False),
        sa.Column("owed_entry_id", sa.Uuid(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(state = 'owed') = (closed_entry_id IS NULL)", name=op.f("ck_refunds_closed_iff_entry")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount_is_positive")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_refunds_bill_id_bills")),
        sa.ForeignKeyConstraint(
            ["closed_entry_id"], ["ledger_entries.id"], name=op.f("fk_refunds_closed_entry_id_ledger_entries")
        ),
        sa.ForeignKeyConstraint(
            ["owed_entry_id"], ["ledger_entries.id"], name=op.f("fk_refunds_owed_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("closed_entry_id", name=op.f("uq_refunds_closed_entry_id")),
        sa.UniqueConstraint("owed_entry_id", name=op.f("uq_refunds_owed_entry_id")),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refunds_bill_id"), ["bill_id"], unique=False)

    op.create_table(
        "snap_inquiries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("inquiry_request_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_snap_inquiries_bill_id_bills")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snap_inquiries")),
        sa.UniqueConstraint("client_id", "inquiry_request_id", "bill_id", name="uq_snap_inquiries_once"),
    )
    with op.batch_alter_table("snap_inquiries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snap_inquiries_answered_at"), ["answered_at"], unique=False)

    op.create_table(
        "snap_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("payment_request_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("trx_at", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_snap_payments_bill_id_bills")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_snap_payments_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snap_payments")),
        sa.UniqueConstraint("client_id", "payment_request_id", name="uq_snap_payments_once"),
        sa.UniqueConstraint("entry_id", name=op.f("uq_snap_payments_entry_id")),
    )
    with op.batch_alter_table("snap_payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snap_payments_bill_id"), ["bill_id"], unique=False)

    op.create_table(
        "ticket_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("reason_enc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("sold_on", sa.Date(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_answers_case_id_cases")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_ticket_answers_key_id_data_keys")),
        sa.ForeignKeyConstraint(
            ["party_id"], ["ticket_parties.id"], name=op.f("fk_ticket_answers_party_id_ticket_parties")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_answers")),
    )
    with op.batch_alter_table("ticket_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_answers_case_id"), ["case_id"], unique=False)

    op.create_table(
        "ticket_captures",
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_ticket_captures_capture_id_captures")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_captures_case_id_cases")),
        sa.PrimaryKeyConstraint("capture_id", name=op.f("pk_ticket_captures")),
    )
    with op.batch_alter_table("ticket_captures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_captures_case_id"), ["case_id"], unique=False)

    op.create_table(
        "ticket_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("check_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("channels", JsonColumn(), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("proof", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_letters_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["party_id"], ["ticket_parties.id"], name=op.f("fk_ticket_letters_party_id_ticket_parties")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_letters")),
        sa.UniqueConstraint("check_code", name=op.f("uq_ticket_letters_check_code")),
    )
    with op.batch_alter_table("ticket_letters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_letters_case_id"), ["case_id"], unique=False)

    op.create_table(
        "ticket_receipts",
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("check_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_ticket_receipts_bill_id_bills")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_receipts_case_id_cases")),
        sa.ForeignKeyConstraint(["event_id"], ["case_events.id"], name=op.f("fk_ticket_receipts_event_id_case_events")),
        sa.PrimaryKeyConstraint("bill_id", name=op.f("pk_ticket_receipts")),
        sa.UniqueConstraint("check_code", name=op.f("uq_ticket_receipts_check_code")),
    )
    with op.batch_alter_table("ticket_receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_receipts_case_id"), ["case_id"], unique=False)

    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("polda_code", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("province", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("seat", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("polda_type", sqlmodel.sql.sqltypes.AutoString(length=5), nullable=True),
        sa.Column("etle_phase1", sa.Boolean(), nullable=True),
        sa.Column("etle_phase1_points", sa.Integer(), nullable=True),
        sa.Column("polda_code_2023", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["reference_revisions.id"], name=op.f("fk_units_revision_id_reference_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", "valid_from", "revision_id", name=op.f("uq_units_code_valid_from_revision_id")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(
            "ix_units_open_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_units_polda_code"), ["polda_code"], unique=False)

    op.create_table(
        "violations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("article", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("title_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("title_en", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("max_fine", sa.BigInteger(), nullable=False),
        sa.Column("max_imprisonment", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("vehicle_kinds", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("camera_detectable", sa.Boolean(), nullable=False),
        sa.Column("sim_points", sa.Integer(), nullable=True),
        sa.Column("sim_points_confidence", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["reference_revisions.id"], name=op.f("fk_violations_revision_id_reference_revisions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violations")),
        sa.UniqueConstraint(
            "code", "valid_from", "revision_id", name=op.f("uq_violations_code_valid_from_revision_id")
        ),
    )
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_violations_open_code",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.create_table(
        "work_item_exclusions",
        sa.Column("work_item_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_work_item_exclusions_work_item_id_work_items")
        ),
        sa.PrimaryKeyConstraint("work_item_id", "actor_id", name=op.f("pk_work_item_exclusions")),
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("batch_on", sa.Date(), nullable=True),
        sa.Column("tracking_no", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("dispatched_at", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_letters_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("message_id", name=op.f("uq_letters_message_id")),
    )
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.create_index("ix_letters_unit_batch_on", ["unit", "batch_on"], unique=False)

    op.create_table(
        "ticket_attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["ticket_answers.id"], name=op.f("fk_ticket_attachments_answer_id_ticket_answers")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ticket_attachments_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_attachments")),
        sa.UniqueConstraint("case_id", "sha256", name=op.f("uq_ticket_attachments_case_id_sha256")),
    )
    with op.batch_alter_table("ticket_attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_attachments_case_id"), ["case_id"], unique=False)

    op.create_table(
        "ticket_letter_messages",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["ticket_letters.id"], name=op.f("fk_ticket_letter_messages_letter_id_ticket_letters")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_ticket_letter_messages_message_id_messages")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_ticket_letter_messages")),
    )
    with op.batch_alter_table("ticket_letter_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_letter_messages_letter_id"), ["letter_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_letter_messages_settled"), ["settled"], unique=False)

    op.create_table(
        "tickets",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("capture_id", sa.Uuid(), nullable=False),
        sa.Column("polda_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("location", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("violation_id", sa.Uuid(), nullable=False),
        sa.Column("violation_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("article", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title_en", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fine", sa.BigInteger(), nullable=False),
        sa.Column("machine_plate", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("plate", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("vehicle_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("vehicle", JsonColumn(), nullable=False),
        sa.Column("chassis_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("chassis5_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("engine_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("engine5_bidx", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("resend", sa.Boolean(), nullable=False),
        sa.Column("register_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=True),
        sa.Column("court_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("session_at", UtcDateTime(), nullable=True),
        sa.Column("verdict_fine", sa.BigInteger(), nullable=True),
        sa.Column("verdict_cost", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_tickets_capture_id_captures")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_tickets_case_id_cases")),
        sa.ForeignKeyConstraint(["violation_id"], ["violations.id"], name=op.f("fk_tickets_violation_id_violations")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("capture_id", name=op.f("uq_tickets_capture_id")),
        sa.UniqueConstraint("register_no", name=op.f("uq_tickets_register_no")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index("ix_tickets_plate_occurred", ["plate", "occurred_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_tickets_polda_code"), ["polda_code"], unique=False)
        batch_op.create_index("ix_tickets_vehicle_occurred", ["vehicle_id", "occurred_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index("ix_tickets_vehicle_occurred")
        batch_op.drop_index(batch_op.f("ix_tickets_polda_code"))
        batch_op.drop_index("ix_tickets_plate_occurred")

    op.drop_table("tickets")
    with op.batch_alter_table("ticket_letter_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_letter_messages_settled"))
        batch_op.drop_index(batch_op.f("ix_ticket_letter_messages_letter_id"))

    op.drop_table("ticket_letter_messages")
    with op.batch_alter_table("ticket_attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_attachments_case_id"))

    op.drop_table("ticket_attachments")
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.drop_index("ix_letters_unit_batch_on")

    op.drop_table("letters")
    op.drop_table("work_item_exclusions")
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_violations_open_code",
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.drop_table("violations")
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_units_polda_code"))
        batch_op.drop_index(
            "ix_units_open_code",
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.drop_table("units")
    with op.batch_alter_table("ticket_receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_receipts_case_id"))

    op.drop_table("ticket_receipts")
    with op.batch_alter_table("ticket_letters", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_letters_case_id"))

    op.drop_table("ticket_letters")
    with op.batch_alter_table("ticket_captures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_captures_case_id"))

    op.drop_table("ticket_captures")
    with op.batch_alter_table("ticket_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_answers_case_id"))

    op.drop_table("ticket_answers")
    with op.batch_alter_table("snap_payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snap_payments_bill_id"))

    op.drop_table("snap_payments")
    with op.batch_alter_table("snap_inquiries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snap_inquiries_answered_at"))

    op.drop_table("snap_inquiries")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refunds_bill_id"))

    op.drop_table("refunds")
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_policies_open_code",
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.drop_table("policies")
    with op.batch_alter_table("plate_regions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_plate_regions_open_code",
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.drop_table("plate_regions")
    with op.batch_alter_table("payment_incidents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_incidents_at"))

    op.drop_table("payment_incidents")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_state_next_attempt_at")
        batch_op.drop_index("ix_messages_case_id")

    op.drop_table("messages")
    with op.batch_alter_table("ledger_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_lines_entry_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_lines_bill_id"))

    op.drop_table("ledger_lines")
    with op.batch_alter_table("holidays", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_holidays_open_code",
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.drop_table("holidays")
    with op.batch_alter_table("fees", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_fees_open_code",
            sqlite_where=sa.text("valid_until IS NULL"),
            postgresql_where=sa.text("valid_until IS NULL"),
        )

    op.drop_table("fees")
    with op.batch_alter_table("evidence_files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_evidence_files_sha256"))

    op.drop_table("evidence_files")
    with op.batch_alter_table("work_items", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_work_items_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_work_items_case_id"))

    op.drop_table("work_items")
    with op.batch_alter_table("vehicles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vehicles_owner_nik_bidx"))

    op.drop_table("vehicles")
    op.drop_table("ticket_reminders")
    with op.batch_alter_table("ticket_parties", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_parties_nik_bidx"))
        batch_op.drop_index(batch_op.f("ix_ticket_parties_case_id"))

    op.drop_table("ticket_parties")
    with op.batch_alter_table("stnk_blocks", schema=None) as batch_op:
        batch_op.drop_index("ix_stnk_blocks_vehicle_id")
        batch_op.drop_index("ix_stnk_blocks_state")
        batch_op.drop_index(batch_op.f("ix_stnk_blocks_case_id"))

    op.drop_table("stnk_blocks")
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_unit"))

    op.drop_table("staff")
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refresh_tokens_grant_id"))
        batch_op.drop_index(batch_op.f("ix_refresh_tokens_expires_at"))

    op.drop_table("refresh_tokens")
    with op.batch_alter_table("reference_revisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_revisions_table_name"))

    op.drop_table("reference_revisions")
    op.drop_table("population")
    op.drop_table("people")
    with op.batch_alter_table("outbox_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_messages_sent_at"))
        batch_op.drop_index("ix_outbox_messages_address_bidx")

    op.drop_table("outbox_messages")
    with op.batch_alter_table("one_time_codes", schema=None) as batch_op:
        batch_op.drop_index("ix_one_time_codes_purpose_about")
        batch_op.drop_index(batch_op.f("ix_one_time_codes_expires_at"))

    op.drop_table("one_time_codes")
    with op.batch_alter_table("oauth_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_oauth_codes_grant_id"))
        batch_op.drop_index(batch_op.f("ix_oauth_codes_expires_at"))

    op.drop_table("oauth_codes")
    op.drop_table("check_codes")
    with op.batch_alter_table("case_views", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_views_case_id"))

    op.drop_table("case_views")
    op.drop_table("case_events")
    with op.batch_alter_table("case_deadlines", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_case_deadlines_due",
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        )

    op.drop_table("case_deadlines")
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_captures_received_at"))
        batch_op.drop_index("ix_captures_device_received")

    op.drop_table("captures")
    op.drop_table("camera_devices")
    with op.batch_alter_table("bills", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_bills_open_case", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index("ix_bills_state_expires_at")
        batch_op.drop_index(batch_op.f("ix_bills_case_id"))

    op.drop_table("bills")
    with op.batch_alter_table("vehicle_blocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vehicle_blocks_registry_id"))

    op.drop_table("vehicle_blocks")
    with op.batch_alter_table("snap_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snap_tokens_expires_at"))
        batch_op.drop_index(batch_op.f("ix_snap_tokens_client_id"))

    op.drop_table("snap_tokens")
    with op.batch_alter_table("snap_external_ids", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snap_external_ids_day"))

    op.drop_table("snap_external_ids")
    op.drop_table("signing_keys")
    with op.batch_alter_table("oauth_grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_oauth_grants_subject_id"))
        batch_op.drop_index(batch_op.f("ix_oauth_grants_expires_at"))

    op.drop_table("oauth_grants")
    op.drop_table("log_tiles")
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entries_at"))

    op.drop_table("ledger_entries")
    op.drop_table("ledger_accounts")
    with op.batch_alter_table("leaves", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_leaves_waiting",
            sqlite_where=sa.text("leaf_index IS NULL"),
            postgresql_where=sa.text("leaf_index IS NULL"),
        )

    op.drop_table("leaves")
    with op.batch_alter_table("kept_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_answers_at"))

    op.drop_table("kept_answers")
    op.drop_table("dispatch_days")
    op.drop_table("data_keys")
    op.drop_table("credentials")
    op.drop_table("checkpoints")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_unit_state")
        batch_op.drop_index(batch_op.f("ix_cases_assigned_to"))

    op.drop_table("cases")
    with op.batch_alter_table("browser_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_browser_sessions_subject_id"))
        batch_op.drop_index(batch_op.f("ix_browser_sessions_expires_at"))

    op.drop_table("browser_sessions")
