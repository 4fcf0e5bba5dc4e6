"""From bytes to a tree of texts with their lines: YAML or JSON, includes, variables, rows of parameters."""
