"""The admission register (regulation 8): who is entered, carried into a new year, amended, deleted."""
