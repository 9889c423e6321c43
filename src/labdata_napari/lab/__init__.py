"""Reaching a lab: connections, files, rows in and out."""
