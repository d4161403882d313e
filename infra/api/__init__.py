"""API Gateway and the services in front of it."""
