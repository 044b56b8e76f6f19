"""The page's sections: each module turns one kind of record into what the page says of it."""
