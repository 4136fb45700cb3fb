"""One module per peer and kind of work; each has `version()` and `variants(job)`.

`variants` gives {name: function that builds a Variant}. The functions are called once, one after another,
in the peer's own process.
"""
