"""Pictures: thumbnails, and cards for link previews.

Pillow is used here, and for the pictures of the demo. What outlets send is untrusted, so
`thumbnails` runs in a worker with limits of time and memory.
"""
