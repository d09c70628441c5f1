"""Light senders: what an application needs to send events, and no more. They import nothing of Groundwork."""
