"""What a developer's machine needs: set-up, the emulators, the demo. Nothing here is deployed."""
