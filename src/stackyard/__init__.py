"""Stackyard runs a platform made of many small infrastructure stacks as if it were one program."""
