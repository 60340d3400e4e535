"""Pictures: thumbnails, and cards for link previews.

The only package that uses Pillow. Its input is untrusted, so `thumbnails` runs in a worker with
limits of time and memory.
"""
