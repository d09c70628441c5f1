"""The relay: admits deliveries from the inbox as far as lanes and workers have room, and tells Prefect."""
