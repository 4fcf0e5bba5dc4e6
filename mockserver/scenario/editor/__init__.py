"""What editors need to know of the language: the JSON Schema, made of the models."""
