"""Files on the operator's machine: mesh.toml, the journal."""
