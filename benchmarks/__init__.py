"""Speed compared with other programs, and the quality of dedupe and topics.

`python -m benchmarks` measures and writes docs/measurements.md. Only the ratios carry over from
one machine to another.
"""
