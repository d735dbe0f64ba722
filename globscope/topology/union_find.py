"""Components that grow together, each known by one of its vertices."""


def root(parents: dict[int, int] | list[int], vertex: int) -> int:
    """Return the vertex that stands for a component, which is its own parent, and shorten the way to it."""
    while parents[vertex] != vertex:
        parents[vertex] = parents[parents[vertex]]
        vertex = parents[vertex]
    return vertex
