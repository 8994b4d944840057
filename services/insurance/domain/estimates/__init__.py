"""What a treatment plan costs: what each plan pays, what is written off, what is left for the patient."""
