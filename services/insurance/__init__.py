"""Dental insurance: carriers, plans, benefits, coverage of patients, fee schedules and estimates."""
