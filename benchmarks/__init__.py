"""Speed side by side with peers in one run, and later the quality of dedupe and topics.

`python -m benchmarks` measures and writes the table into docs/measurements.md. Only the
ratios carry over from one machine to another.
"""
