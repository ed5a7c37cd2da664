"""What Rollbook is run with: a broker for development and tests, a compose file, notes for those who operate it."""
