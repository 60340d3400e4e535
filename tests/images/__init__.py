"""Pictures: thumbnails and cards."""
