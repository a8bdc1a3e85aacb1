"""What the mesh should be: hosts, addresses, topology, checks -> one interface per host. Pure."""
