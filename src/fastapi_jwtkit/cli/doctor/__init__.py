"""``jwtkit doctor``: what is wrong with a set-up, line by line, and what to do about it."""
