"""Mail on its way out: header fields, addresses, what goes over the wire, and whose fault a refusal is."""
