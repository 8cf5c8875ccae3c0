"""Applications that use fastapi-jwtkit, each a package that runs as it stands."""
