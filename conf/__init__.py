"""Configuration files. The folder is a package, so that they are found inside a wheel too."""
