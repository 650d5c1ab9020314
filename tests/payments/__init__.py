"""The payment path, case by case: the exact answer, the ledger and the stored rows of everything that goes wrong."""
