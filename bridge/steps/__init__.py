"""The named steps of one sync: pull, resolve, train, rank, push."""
