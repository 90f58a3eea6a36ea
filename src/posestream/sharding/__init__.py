"""One run in several processes, each a whole pipeline over a share of the streams.

`choosing` says how many, `shares` who gets what, `process` is a process as its parent sees it and
`child` what runs in it; `channel` and `messages` are what they tell each other. `sheets` and
`assembling` make one mosaic of all; `running` puts the parts together.
"""
