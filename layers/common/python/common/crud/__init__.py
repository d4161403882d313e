"""Create, read, update and delete the items of any entity. Nothing here knows a field."""
