"""The digest: when it is due, what is in it, and that nobody gets it twice."""
