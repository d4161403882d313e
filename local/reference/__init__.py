"""The API reference of the local run, in which every request can be tried."""
