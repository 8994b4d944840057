"""The bulk lane: millions of lines repriced with the engine's results, mostly by exact integer arithmetic."""
