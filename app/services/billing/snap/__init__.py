"""SNAP BI, the banks' standard: what a bank asks of a biller, judged and answered. No web framework in here."""
