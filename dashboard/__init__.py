"""Show the API's answers as web pages. The package imports no other package of EchoStream."""
