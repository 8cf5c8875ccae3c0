"""Accounts: who may log in, and how somebody becomes one of them."""
