"""Conventions that every construct follows: log groups, retention, buckets, outputs."""
