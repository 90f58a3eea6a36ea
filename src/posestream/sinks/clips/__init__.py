"""Short videos around events, cut out of what is encoded anyway.

Encoded pictures go through a `ring` that holds the last seconds. An event opens a clip: a `span`
says from when to when it goes, a `clip_file` takes what the ring holds and what follows. The
pictures come from the annotated video's encoder, or from an `encoder` of their own.
"""
