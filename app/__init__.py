"""Loket: the online counter of the Indonesian traffic and civil police services."""

__version__ = "0.1.0"
