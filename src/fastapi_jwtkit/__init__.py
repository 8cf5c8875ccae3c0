"""JWT auth for FastAPI that you can rotate, revoke and audit."""
