"""One module for each application. What makes an application known is its line in `registered`."""
