"""Shareable reports of decisions, without patient data: HTML page, PDF document, QR code, and their links."""
