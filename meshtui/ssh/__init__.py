"""SSH: the only importer of asyncssh; scripts/ holds all that ever runs on a host."""
