"""The parts of the page that shows runs: what a ladder has (pure data), and how each part is drawn as HTML."""
