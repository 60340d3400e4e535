"""Pictures: thumbnails of those of outlets, and cards for programs that show a link.

The only package that uses Pillow. What it is given is untrusted: `thumbnails` runs in a worker with
limits of time and memory.
"""
