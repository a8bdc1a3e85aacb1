"""What the tools of a demo's host do and say, each as the real one would."""
