"""The database schema: numbered revisions and the command that applies them."""
