"""Review of bills: what is allowed, line by line, why, and who says so."""
