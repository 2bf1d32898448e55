"""Servers measured side by side."""
