"""Qdrant's own engine in this process, with a folder as its store."""
