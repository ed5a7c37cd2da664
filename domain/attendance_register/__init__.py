"""The attendance register (regulation 10): marks, amendments, withdrawals, and what was foreseen or overtaken."""
