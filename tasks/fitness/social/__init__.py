"""What members do: follow, post, comment, react. Route handlers call these functions in their own transactions.

Each writes the state and sends the event that says so, in the caller's transaction: both are there or neither is. A
repeat changes nothing and sends nothing.
"""
