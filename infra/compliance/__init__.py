"""The rules that every synthesized template must follow, and the accepted findings."""
