"""CRMs of agencies: the protocol, who brings one, and those that ship."""
