"""Tests of the store's contract, for every backend in `conftest.BACKENDS`."""
