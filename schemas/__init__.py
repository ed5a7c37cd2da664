"""The Avro contracts: what a MIS sends (`mis/`), what is stored (`ledger/`), what is sealed in an entry (`sealed/`)."""
