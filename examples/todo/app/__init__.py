"""The todo application."""
