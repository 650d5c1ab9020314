"""Public figures, counted from the events that the log holds: nobody keeps a second book of them.

Finished days are counted once (`event_days`); today is counted when somebody asks.
"""

from app.services.statistics.figures import DayCount, Figures, figures, first_day, roll_up

__all__ = ["DayCount", "Figures", "figures", "first_day", "roll_up"]
