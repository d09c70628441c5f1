"""Files by which an installation is made, checked by the programs that are made for it."""
