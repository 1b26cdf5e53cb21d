"""Clients that the readers share: HTTP, WebSocket, paging, polling and cursors."""
