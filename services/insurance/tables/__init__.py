"""SQL tables of the insurance family, as far as SQLAlchemy statements use them."""
