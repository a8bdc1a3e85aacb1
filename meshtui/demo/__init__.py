"""A fleet that is embedded in the process, for who has no servers at hand."""
