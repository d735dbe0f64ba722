"""Components that come with GlobScope; they enter by its entry points and import globscope.api only."""
