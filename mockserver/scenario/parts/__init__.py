"""The parts of a scenario file as models, a file a subject; each turns into the values of the simulation."""
