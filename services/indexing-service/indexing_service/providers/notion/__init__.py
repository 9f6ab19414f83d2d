"""Notion workspaces as sources."""
