"""A chat model as the writer. One generation makes the whole plan, and a grammar makes it a valid one."""
