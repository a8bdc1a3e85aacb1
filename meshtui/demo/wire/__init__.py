"""WireGuard's protocol as a state machine: values in, packets out, time given. Pure.

Sources: the WireGuard paper (Donenfeld, NDSS 2017) and, where it leaves a choice, what
Linux does, so that whoever looks at counters and handshakes sees what a server shows.
It answers no load with cookies, takes none, and keeps no key from whoever reads its
memory: it is for loopback, where the demo and tests are.
"""
