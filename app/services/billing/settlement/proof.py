"""What must be true of reconciliation in the books at any moment; `billing.ledger_check` reads it with all else."""

FAULTS: tuple[tuple[str, str], ...] = (
    (
        "a bank's clearing account is not what was booked less what was settled",
        """SELECT t.account FROM (
            SELECT 'BC:' || client_id AS account, SUM(amount) AS rest FROM snap_payments GROUP BY client_id
            UNION ALL SELECT 'BC:' || p.client_id, -SUM(p.amount) FROM snap_payments p
              JOIN ledger_entries r ON r.reverses = p.entry_id GROUP BY p.client_id
            UNION ALL SELECT 'BC:' || s.bank, -SUM(l.settled) FROM settlement_lines l
              JOIN settlement_statements s ON s.id = l.statement_id WHERE l.ended_by IS NULL GROUP BY s.bank
            UNION ALL SELECT account, -SUM(amount) FROM ledger_lines WHERE account LIKE 'BC:%' GROUP BY account
           ) t GROUP BY t.account HAVING SUM(t.rest) <> 0""",
    ),
    (
        "suspense is not what open differences hold",
        """SELECT t.account FROM (
            SELECT 'SU' AS account, COALESCE(SUM(amount), 0) AS rest FROM ledger_lines WHERE account = 'SU'
            UNION ALL SELECT 'SU', COALESCE(SUM(held), 0) FROM settlement_exceptions
           ) t GROUP BY t.account HAVING SUM(t.rest) <> 0""",
    ),
    (
        "an entry of a settlement is not what its lines say",
        """SELECT t.entry FROM (
            SELECT entry_id AS entry, SUM(settled) AS settled, SUM(held) AS held FROM settlement_lines GROUP BY entry_id
            UNION ALL SELECT ended_entry_id, -SUM(settled), -SUM(held) FROM settlement_lines
              WHERE ended_entry_id IS NOT NULL GROUP BY ended_entry_id
            UNION ALL SELECT l.entry_id, SUM(CASE WHEN l.account = 'SU' THEN 0 ELSE l.amount END),
              SUM(CASE WHEN l.account = 'SU' THEN l.amount ELSE 0 END)
              FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id
              WHERE e.kind IN ('settlement', 'settlement_corrected') AND (l.account = 'SU' OR l.account LIKE 'BC:%')
              GROUP BY l.entry_id
           ) t GROUP BY t.entry HAVING SUM(t.settled) <> 0 OR SUM(t.held) <> 0""",
    ),
    (
        "a payment is not settled while its money lies in suspense, or was given another way, by its bank's own line",
        """SELECT p.id FROM settlement_lines l JOIN settlement_statements s ON s.id = l.statement_id
            JOIN snap_payments p ON p.client_id = s.bank AND p.payment_request_id = l.payment_request_id
            JOIN bills b ON b.paid_entry_id = p.entry_id
            WHERE l.ended_by IS NULL AND l.held > 0 AND l.payment_id IS NULL AND l.outcome IN ('unknown', 'refused')
            AND (l.virtual_account_no IS NULL OR l.bill_id = p.bill_id) AND NOT EXISTS (
             SELECT 1 FROM settlement_lines o WHERE o.payment_id = p.id AND o.ended_by IS NULL AND o.settled > 0)""",
    ),
    (
        "a remittance that a statement has shown is not what closed its difference",
        """SELECT d.remittance_id FROM remittance_debits d JOIN remittances r ON r.id = d.remittance_id
           JOIN settlement_exceptions x ON x.id = d.exception_id WHERE r.state <> 'confirmed' OR NOT EXISTS (
            SELECT 1 FROM ledger_lines l WHERE l.entry_id = x.entry_id AND l.account = 'BA' AND l.amount = r.amount)""",
    ),
    (
        "a line that settled a payment does not stand in its entry",
        """SELECT s.id FROM settlement_lines s WHERE s.settled <> 0 AND NOT EXISTS (
            SELECT 1 FROM ledger_lines l WHERE l.entry_id = s.entry_id AND l.bill_id = s.bill_id
            AND l.account LIKE 'BC:%' AND l.amount = -s.settled)""",
    ),
)
"""Each query lists what must not exist: the fault in words, and SQL that gives one text for each offender."""
