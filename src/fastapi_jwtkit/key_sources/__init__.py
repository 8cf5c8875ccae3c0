"""Where keys come from, and the rings that follow their sources while the app runs."""
