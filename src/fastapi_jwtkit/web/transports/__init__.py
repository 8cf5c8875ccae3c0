"""Where a token lives in a request."""
