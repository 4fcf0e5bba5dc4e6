"""Scenarios: YAML files that say who calls, who answers, what is said and what is expected to come of it.

`load` reads a file, `apply` puts it into a simulation, `expect` holds the log to it and `report` shows what happened.
Nothing is imported here: `model` needs pydantic, which costs a server that loads no scenario its quick start.
"""
