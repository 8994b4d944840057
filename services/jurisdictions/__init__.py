"""Rules as dated, cited data: what each jurisdiction pays, since when, and who says so."""
