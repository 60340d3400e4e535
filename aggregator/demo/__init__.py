"""Made-up outlets on loopback: some republish others, one fails, one is slow, one sends garbage.

`make demo` and the tests run the real program against them over real HTTP. Only `cli/demo` and the
tests import this package.
"""
