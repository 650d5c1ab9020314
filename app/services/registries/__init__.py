"""Registers that are not ours: vehicles (ERI) and population (Dukcapil), each behind one protocol."""
