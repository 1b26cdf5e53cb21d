"""Answer the API's questions by functions of a snapshot and arguments, without a web framework."""
