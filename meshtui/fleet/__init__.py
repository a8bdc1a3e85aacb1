"""What one does with many hosts at once: observe, watch, apply, verify. No screen."""
