"""A vision-language model as the reader. One generation makes the whole scene, and a grammar makes it a valid
one."""
