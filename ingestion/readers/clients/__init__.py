"""Talk to servers for the readers: HTTP, web sockets, pages and answers."""
