"""Whether networks that lie close together have similar outputs."""
