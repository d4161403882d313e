"""A hostile AWS: a server of moto whose answers are damaged, delayed, lost or replaced."""
