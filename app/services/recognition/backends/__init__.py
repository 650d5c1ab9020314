"""Recognisers, a file each. A new one passes the conformance test and is named as an entry point."""
