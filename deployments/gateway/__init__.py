"""The gateway: the HTTP door of the inbox.

``python -m groundwork.deployments.gateway`` serves it. A request goes through :mod:`.body` (size, type),
:mod:`.authentication` (key, signature), :mod:`.envelope` (validation) and :mod:`.writer` (one INSERT and one COMMIT for
all that wait).
"""
