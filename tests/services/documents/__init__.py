"""The papers and uploads of the documents room."""
