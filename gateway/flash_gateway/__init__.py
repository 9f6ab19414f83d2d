"""One list of routes (`routes.toml`), rendered for nginx and for Kong."""
