"""Speed compared with other programs, and the quality of dedupe and topics.

`python -m benchmarks` measures and writes docs/measurements.md. Only ratios are comparable between
machines.
"""
