"""What a password may be, and how it is hashed. Synchronous; run in threads by ``hashing``."""
