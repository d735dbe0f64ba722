"""The study's spec: TOML → attrs, its messages and its JSON schema."""
