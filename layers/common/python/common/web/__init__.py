"""HTTP: requests, responses and problem documents."""
