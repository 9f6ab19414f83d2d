"""What stands between the processes of a fleet, so that a test can cut it at an exact point."""
