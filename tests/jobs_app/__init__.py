"""An app of the tests alone: jobs that write, wait, fail and call themselves off, for real workers to run."""
