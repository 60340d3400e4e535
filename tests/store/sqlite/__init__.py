"""Tests of SQLite alone: the file, its errors, its checks, and its migrations."""
