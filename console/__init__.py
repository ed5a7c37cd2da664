"""How a person meets the ledger: the `rollbook` command. Wiring and wording only."""
