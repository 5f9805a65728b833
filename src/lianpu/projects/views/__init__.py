"""Pages of the ledger and of dispatch."""
