"""Rollouts of any number: read, scored, resumed, tallied."""
