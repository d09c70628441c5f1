"""The console: what the inbox holds, for people, at ``/console`` of the gateway.

Its pages are made on the server, and work without JavaScript. docs/console.md tells of them.
"""
