"""What the package gives to tests. Nothing is imported here: take what you need by its module.

``acting`` says who is calling, by a really signed token; ``tokens`` forges those that no route
may be opened by; ``principals`` makes a principal for a policy, ``clock`` a clock to step,
``issuers`` somebody else's issuer; ``guarded`` and ``dead`` assert that no route was forgotten
and that a token is of no use any more; ``contracts`` holds what a store of your own has to
keep; ``plugin`` is the pytest plugin.
"""
