"""Validators generated from the JSON Schemas; do not edit."""
