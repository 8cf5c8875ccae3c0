"""Access tokens: how they are written, read, checked and remembered. Sync, pure, no store."""
