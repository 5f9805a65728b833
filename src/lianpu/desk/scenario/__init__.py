"""The scenario page: what a place would be if chosen projects succeeded."""
