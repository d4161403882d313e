"""Simulates the throttling of DynamoDB's partitions under a load.

``python -m tools.partitions`` writes the section "Hot partitions" of docs/capacity.md.
"""
