"""Read the models of the official SDKs: names and marks, in the form of the catalogue's source."""
