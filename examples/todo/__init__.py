"""A todo API with accounts, on fastapi-jwtkit: ``python -m examples.todo``."""
