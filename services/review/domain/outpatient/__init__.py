"""The outpatient claim: which lines are paid, and which are packaged into others."""
