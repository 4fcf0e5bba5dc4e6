"""What came of runs, for those who read it: the terminal, machines, JUnit, a page, a transcript."""
