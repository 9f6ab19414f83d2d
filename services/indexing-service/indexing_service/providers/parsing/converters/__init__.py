"""One module a format. All of this runs in a process of its own: it may be slow, hungry, or crash."""
