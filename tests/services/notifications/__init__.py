"""Messages, their channels and the news of their arrival."""
