// The merge tree of a field on a graph, and the lowest pass between two samples. No DOM: `globscope` in Node is these
// functions alone.
