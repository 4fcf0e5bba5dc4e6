"""Plays a scenario under all that may befall webhooks, and says whether the application did the same each time."""
