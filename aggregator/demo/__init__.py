"""A pretend press on loopback: outlets that republish one another, fail, dawdle and babble.

`make demo` and the tests run the real program against it over real HTTP. Its outlets and
articles are made up; nothing here is imported by the rest of the house.
"""
