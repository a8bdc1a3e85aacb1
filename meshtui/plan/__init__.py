"""Wanted minus seen: steps per host, their impact, and how a plan reads. Pure."""
