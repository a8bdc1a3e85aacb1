"""WireGuard's own formats: keys, endpoints, wg-quick files, `wg show dump`, link health. Pure."""
