"""Places: schools, units and providers, who may speak for them, and their calendars as then known."""
