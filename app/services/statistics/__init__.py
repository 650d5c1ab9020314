"""Public figures, counted from the events that the log holds."""
