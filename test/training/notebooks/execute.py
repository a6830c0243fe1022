"""Executes the notebook in the file argv[1], with argv[2] in a cell after the one tagged parameters, and prints it with its outputs."""

import sys
from pathlib import Path

import nbclient
import nbformat

path, parameters = Path(sys.argv[1]), sys.argv[2]
notebook = nbformat.read(path, as_version=4)
place = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(parameters))
where = {"metadata": {"path": str(path.parent)}}
nbclient.NotebookClient(notebook, timeout=600, startup_timeout=120, resources=where).execute()
print(nbformat.writes(notebook))
