"""One thin file a command: options in, a service, a print."""
