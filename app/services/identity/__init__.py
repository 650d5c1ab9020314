"""Identity: people, staff, roles, credentials, sign-in and tokens. Who may come in, and by what proof."""
