"""Settings, the database, the kit and the security headers."""
