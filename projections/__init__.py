"""Events to answers: pure readings of the ledger's columns, asked for as at any moment. No terminal, no wording."""
