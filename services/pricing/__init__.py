"""What is in force where: jurisdictions, schedules and, later, prices."""
