"""Repositories as sources: a bare copy here, read by the `git` command."""
