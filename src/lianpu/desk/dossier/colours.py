"""Colours of the states of segments on paper."""

STATE_INK = {"missing": "B3372F", "weak": "B7791F", "balanced": "2F6F9F", "strong": "2F7D4F"}
STATE_FILL = {"missing": "FBE9E7", "weak": "FCF0D4", "balanced": "DCEAF5", "strong": "D7EDDD"}
