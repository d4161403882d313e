"""The commands of ``ops``, one file each."""
