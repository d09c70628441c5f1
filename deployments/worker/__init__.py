"""The warm worker: flow runs start in forked copies of a process that has already imported everything."""
