"""What all simulators stand on."""
