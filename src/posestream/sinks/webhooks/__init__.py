"""Send events to somebody's HTTP server: signed, in order, tried again, never in anybody's way.

An event goes from `sink` into the bounded queue of a `sender`, one for each address, whose thread
signs it (`signature`) and makes attempts (`delivery`) until one succeeds or time is up
(`retrying`); what could not be sent is kept in a file (`unsent`).
"""
