"""A fleet of real hosts in network namespaces, to rehearse on and to test with."""
