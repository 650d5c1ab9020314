"""Table of uploads that arrive in pieces."""
