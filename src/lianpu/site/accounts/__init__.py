"""Accounts: signing in, the rules of passwords and sessions, and who gives which role to whom."""
