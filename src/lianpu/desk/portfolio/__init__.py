"""The portfolio page: which of the candidate projects, when land, energy, capital and talent are short."""
