"""What is about SQLite alone: the file, its errors, its checks, and its migrations."""
