"""This machine: Java, jars, ports and processes."""
