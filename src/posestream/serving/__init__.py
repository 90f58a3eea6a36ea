"""Let people and programs look at running streams: status, metrics and live pictures over HTTP.

`server.StatusServer` puts the parts together; `pictures` is where a run leaves its latest pictures.
Only the modules that answer requests need ``pip install 'posestream[serve]'``.
"""
