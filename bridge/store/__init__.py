"""Durable truth: state in a database, features in memory-mapped arrays, models in files."""
