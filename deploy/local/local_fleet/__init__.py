"""The fleet without containers: `askflash up|down|status|ask`."""
