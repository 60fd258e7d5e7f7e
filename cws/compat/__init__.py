"""Drop-in replacements for other packages' interfaces, each in a module of that package's name."""
