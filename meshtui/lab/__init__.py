"""A fleet of real hosts in network namespaces, to rehearse on and to test with.

`Lab.up(5)` makes one, `Lab.attach()` finds it again, `down(name)` takes it away.
"""

from meshtui.lab.cleanup import down
from meshtui.lab.lab import Lab
from meshtui.lab.names import LabHost

__all__ = ["Lab", "LabHost", "down"]
