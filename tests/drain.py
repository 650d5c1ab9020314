"""Runs the jobs that committed transactions have left in the queue, without a worker: in order, to the end."""

import json

from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.house import House
from app.wiring import JOBS

MAX_ROUNDS = 200


async def drain(house: House, *, raise_errors: bool = True) -> list[str]:
    """Run every queued job, also those that jobs enqueue; returns their names in order."""
    schema = "dbos." if house.db.dialect == "postgresql" else ""
    table, inputs_table = f"{schema}workflow_status", f"{schema}workflow_input"
    jobs = {job.name: job for job in JOBS}
    ran: list[str] = []
    for _ in range(MAX_ROUNDS):
        async with house.db.read() as connection:
            query = text(
                f"SELECT s.workflow_uuid, s.name, coalesce(i.inputs, s.inputs) FROM {table} s "
                f"LEFT JOIN {inputs_table} i ON i.workflow_uuid = s.workflow_uuid "
                "WHERE s.status = 'ENQUEUED' ORDER BY s.created_at, s.workflow_uuid"
            )
            rows = (await connection.execute(query)).all()
        if not rows:
            return ran
        for workflow_id, name, inputs in rows:
            async with house.db.begin(SYSTEM) as tx:
                await tx.session.execute(
                    text(f"UPDATE {table} SET status = 'SUCCESS' WHERE workflow_uuid = :id"), {"id": workflow_id}
                )
            ran.append(name)
            arguments = json.loads(inputs)
            try:
                await jobs[name].run(house, *(arguments.get("positionalArgs") or []))
            except Exception:
                if raise_errors:
                    raise
    raise AssertionError(f"the queue does not run dry: {ran[-20:]}")
