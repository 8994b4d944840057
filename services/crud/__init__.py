"""List, get, create, update, archive and delete, for every resource that declares itself."""
