"""The clients of AWS: how they are made, and how long they may take."""
