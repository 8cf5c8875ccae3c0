"""Keys: one algorithm each, parsed once, kept in rings with a state."""
