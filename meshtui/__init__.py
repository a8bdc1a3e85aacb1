"""meshtui: an operator's terminal as the control plane of a WireGuard mesh."""

__version__ = "0.1.0"
