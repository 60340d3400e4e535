"""Helpers that tests share: a newsroom, builders, servers, the command line."""
