"""What every call passes through on its way in and out, one concern a file; `chain` gives the order."""
