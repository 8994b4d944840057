"""How the procedures of one day reduce one another: one rule per file, by multiple procedure indicator."""
