"""The benchmark harness: lanner beside its peers, on the same work, in one run."""
