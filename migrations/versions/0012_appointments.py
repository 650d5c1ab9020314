"""appointments and the queue

Revision: 0012
Revises: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "appointment_closures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("why", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_closures")),
        sa.UniqueConstraint("unit", "day", name=op.f("uq_appointment_closures_unit_day")),
    )
    op.create_table(
        "appointment_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("staff", sa.Integer(), nullable=False),
        sa.Column("opens_days_before", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "0 <= opens AND opens < closes AND closes <= 1440", name=op.f("ck_appointment_windows_hours")
        ),
        sa.CheckConstraint("minutes > 0 AND rooms > 0 AND staff > 0", name=op.f("ck_appointment_windows_places")),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from <= valid_until", name=op.f("ck_appointment_windows_order")
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_appointment_windows_weekday")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_windows")),
    )
    op.create_index("ix_appointment_windows_unit_kind", "appointment_windows", ["unit", "kind"], unique=False)
    op.create_table(
        "appointment_bookings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("why", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "(state = 'held') = (held_until IS NOT NULL)", name=op.f("ck_appointment_bookings_held_has_end")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'confirmed', 'attended', 'missed', 'released', 'expired')",
            name=op.f("ck_appointment_bookings_state"),
        ),
        sa.CheckConstraint("place > 0", name=op.f("ck_appointment_bookings_place")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_appointment_bookings_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_bookings")),
    )
    op.create_index("ix_appointment_bookings_case_id_at", "appointment_bookings", ["case_id", "made_at"], unique=False)
    op.create_index(
        "ix_appointment_bookings_firm",
        "appointment_bookings",
        ["starts_at"],
        unique=False,
        sqlite_where=sa.text("state = 'confirmed'"),
        postgresql_where=sa.text("state = 'confirmed'"),
    )
    op.create_index(
        "ix_appointment_bookings_held",
        "appointment_bookings",
        ["held_until"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "uq_appointment_bookings_case_id",
        "appointment_bookings",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'confirmed')"),
        postgresql_where=sa.text("state IN ('held', 'confirmed')"),
    )
    op.create_index(
        "uq_appointment_bookings_place",
        "appointment_bookings",
        ["unit", "kind", "starts_at", "place"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'confirmed', 'attended', 'missed')"),
        postgresql_where=sa.text("state IN ('held', 'confirmed', 'attended', 'missed')"),
    )
    op.create_table(
        "slot_draws",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens_at", UtcDateTime(), nullable=False),
        sa.Column("closes_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("pool_leaf", sa.Uuid(), nullable=True),
        sa.Column("checkpoint_size", sa.BigInteger(), nullable=True),
        sa.Column("drawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(checkpoint_size IS NULL) = (pool_leaf IS NULL OR status <> 'drawn')", name=op.f("ck_slot_draws_drawn_by")
        ),
        sa.CheckConstraint(
            "status <> 'announced' OR pool_leaf IS NOT NULL", name=op.f("ck_slot_draws_announced_has_pool")
        ),
        sa.CheckConstraint("status IN ('asking', 'announced', 'drawn')", name=op.f("ck_slot_draws_status")),
        sa.ForeignKeyConstraint(
            ["checkpoint_size"], ["checkpoints.tree_size"], name=op.f("fk_slot_draws_checkpoint_size_checkpoints")
        ),
        sa.ForeignKeyConstraint(["pool_leaf"], ["leaves.id"], name=op.f("fk_slot_draws_pool_leaf_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_draws")),
        sa.UniqueConstraint("pool_leaf", name=op.f("uq_slot_draws_pool_leaf")),
        sa.UniqueConstraint("unit", "kind", "day", name=op.f("uq_slot_draws_unit_kind_day")),
    )
    op.create_index(
        "ix_slot_draws_undrawn",
        "slot_draws",
        ["closes_at"],
        unique=False,
        sqlite_where=sa.text("status <> 'drawn'"),
        postgresql_where=sa.text("status <> 'drawn'"),
    )
    op.create_table(
        "appointment_waits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state <> 'offered' OR booking_id IS NOT NULL", name=op.f("ck_appointment_waits_offer_names_booking")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'taken', 'declined', 'ended', 'left')",
            name=op.f("ck_appointment_waits_state"),
        ),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_appointment_waits_order")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["appointment_bookings.id"],
            name=op.f("fk_appointment_waits_booking_id_appointment_bookings"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_appointment_waits_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_waits")),
    )
    op.create_index(
        "ix_appointment_waits_order",
        "appointment_waits",
        ["unit", "kind", "since", "rank"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'offered')"),
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_index(
        "uq_appointment_waits_case_id",
        "appointment_waits",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'offered')"),
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_table(
        "queue_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("slot_at", UtcDateTime(), nullable=True),
        sa.Column("arrived_at", UtcDateTime(), nullable=False),
        sa.Column("helped", sa.String(length=20), nullable=True),
        sa.Column("due_back_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("counter", sa.String(length=20), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("jump", sa.String(length=40), nullable=True),
        sa.Column("first_called_at", UtcDateTime(), nullable=True),
        sa.Column("called_at", UtcDateTime(), nullable=True),
        sa.Column("served_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("near_told_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'called', 'serving', 'done', 'missed', 'left')", name=op.f("ck_queue_entries_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('called', 'serving') OR counter IS NOT NULL", name=op.f("ck_queue_entries_called_to_counter")
        ),
        sa.CheckConstraint("(slot_at IS NULL) = (booking_id IS NULL)", name=op.f("ck_queue_entries_booked_has_slot")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["appointment_bookings.id"], name=op.f("fk_queue_entries_booking_id_appointment_bookings")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_queue_entries_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entries")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_queue_entries_booking_id")),
        sa.UniqueConstraint("unit", "day", "place", name=op.f("uq_queue_entries_unit_day_place")),
    )
    op.create_index(op.f("ix_queue_entries_case_id"), "queue_entries", ["case_id"], unique=False)
    op.create_index("ix_queue_entries_unit_day_state", "queue_entries", ["unit", "day", "state"], unique=False)
    op.create_index(
        "uq_queue_entries_counter",
        "queue_entries",
        ["unit", "day", "counter"],
        unique=True,
        sqlite_where=sa.text("state IN ('called', 'serving')"),
        postgresql_where=sa.text("state IN ('called', 'serving')"),
    )
    op.create_table(
        "slot_asks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("wishes", JsonColumn(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("drawn_start", UtcDateTime(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["appointment_bookings.id"], name=op.f("fk_slot_asks_booking_id_appointment_bookings")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_slot_asks_case_id_cases")),
        sa.ForeignKeyConstraint(["draw_id"], ["slot_draws.id"], name=op.f("fk_slot_asks_draw_id_slot_draws")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_asks")),
        sa.UniqueConstraint("draw_id", "case_id", name=op.f("uq_slot_asks_draw_id_case_id")),
    )
    op.create_index("ix_slot_asks_case_id", "slot_asks", ["case_id"], unique=False)
    op.create_table(
        "queue_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("actor_id", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", JsonColumn(), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["queue_entries.id"], name=op.f("fk_queue_events_entry_id_queue_entries")
        ),
        sa.ForeignKeyConstraint(["leaf_id"], ["leaves.id"], name=op.f("fk_queue_events_leaf_id_leaves")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_events")),
        sa.UniqueConstraint("entry_id", "seq", name=op.f("uq_queue_events_entry_id_seq")),
    )
    op.create_index("ix_queue_events_unit_day", "queue_events", ["unit", "day"], unique=False)
    op.create_table(
        "queue_scans",
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("scanned_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entries.id"], name=op.f("fk_queue_scans_entry_id_queue_entries")),
        sa.PrimaryKeyConstraint("unit", "scan_id", name=op.f("pk_queue_scans")),
    )


def downgrade() -> None:
    op.drop_table("queue_scans")
    op.drop_table("queue_events")
    op.drop_table("slot_asks")
    op.drop_table("queue_entries")
    op.drop_table("appointment_waits")
    op.drop_table("slot_draws")
    op.drop_table("appointment_bookings")
    op.drop_table("appointment_windows")
    op.drop_table("appointment_closures")
