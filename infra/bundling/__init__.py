"""The code as it is uploaded: the layer and the functions, with bytecode."""
