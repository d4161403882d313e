"""The architecture diagram, drawn from the synthesized templates."""
