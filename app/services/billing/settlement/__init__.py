"""What banks say they took and paid: statement files, read line by line and held against the ledger.

`lines` says what a line is, `formats` reads files. Names are imported from these modules, not from here: billing's bank
profiles know `lines`, and must not load the whole room for it.
"""
