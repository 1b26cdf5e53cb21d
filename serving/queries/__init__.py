"""Answer the API's questions: pure functions of a reader and arguments, without a web framework."""
