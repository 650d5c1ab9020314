"""statement files are sealed, and SQLite's ledger is not replaced either

On SQLite INSERT OR REPLACE removes the row in its way without asking the triggers of 0002, where a connection has not said
`recursive_triggers`: an entry, line or bank payment that is there already is refused before it comes so far. A later
migration that rebuilds one of these tables on SQLite (batch mode) loses its trigger.

Revision: 0039
Revises: 0038
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TAKEN = {
    "ledger_entries": "id = NEW.id OR reverses = NEW.reverses",
    "ledger_lines": "id = NEW.id",
    "snap_payments": "id = NEW.id OR entry_id = NEW.entry_id",
}


def upgrade() -> None:
    with op.batch_alter_table("settlement_files") as batch:
        batch.add_column(sa.Column("stored_as", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("key_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_settlement_files_key_id_data_keys"), "data_keys", ["key_id"], ["id"])
        batch.create_check_constraint(
            op.f("ck_settlement_files_sealed_with_key"), "(stored_as IS NULL) = (key_id IS NULL)"
        )
    if op.get_bind().dialect.name == "sqlite":
        for table, taken in TAKEN.items():
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 constants
                f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: write a reversing entry'); END"
            )


def downgrade() -> None:
    """What is sealed stays sealed: nobody could open it any more, so this refuses while there is any."""
    sealed = (
        op.get_bind().execute(sa.text("SELECT count(*) FROM settlement_files WHERE stored_as IS NOT NULL")).scalar()
    )
    if sealed:
        raise RuntimeError(f"{sealed} statement files are sealed and could not be opened any more; restore a backup")
    if op.get_bind().dialect.name == "sqlite":
        for table in TAKEN:
            op.execute(f"DROP TRIGGER {table}_no_replace")
    with op.batch_alter_table("settlement_files") as batch:
        batch.drop_constraint(op.f("ck_settlement_files_sealed_with_key"), type_="check")
        batch.drop_constraint(op.f("fk_settlement_files_key_id_data_keys"), type_="foreignkey")
        batch.drop_column("key_id")
        batch.drop_column("stored_as")
