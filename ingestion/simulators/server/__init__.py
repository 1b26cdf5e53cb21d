"""The parts that all simulators share: servers, scenarios and the state of the platform."""
