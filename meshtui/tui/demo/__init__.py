"""What the screens have more in a demo: a story that says what to press next, and faults."""
