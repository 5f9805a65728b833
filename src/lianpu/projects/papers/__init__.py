"""Papers of the ledger: the monthly bulletin (投资月报) in Word and Excel, the supervision letter (督办函)."""
