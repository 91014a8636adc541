"""The bundled scorers, one family a file. A new file here needs no registration anywhere."""
