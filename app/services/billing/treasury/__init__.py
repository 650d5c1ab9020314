"""Money handed on to whom it belongs, proven by the treasury's number (NTPN)."""
