"""Writes a JSON schema a resource of Kubernetes, each whole in itself, as kubeconform reads them: VERSION FOLDER.

The package kubernetes-validate holds them in two parts, with references from one to the other.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path


def local(value):
    """The schema with its references pointing into itself."""
    if isinstance(value, list):
        return [local(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: f"#/definitions/{name(item)}" if is_reference(key, item) else local(item) for key, item in value.items()}


def referenced(value, definitions, found):
    """Names of all definitions that a schema needs, also by way of others."""
    if isinstance(value, list):
        for item in value:
            referenced(item, definitions, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not is_reference(key, item):
                referenced(item, definitions, found)
            elif name(item) not in found:
                found.add(name(item))
                referenced(definitions[name(item)], definitions, found)
    return found


def is_reference(key, value):
    return key == "$ref" and isinstance(value, str)


def name(reference):
    return reference.split("/")[-1]


version, folder = sys.argv[1], Path(sys.argv[2])
source = Path(find_spec("kubernetes_validate").origin).parent / "kubernetes-json-schema" / f"v{version}.0-local-strict"
definitions = json.loads((source / "_definitions.json").read_text())["$defs"]
folder.mkdir(parents=True, exist_ok=True)
for path in source.glob("*-v*.json"):
    schema = json.loads(path.read_text())
    if "x-kubernetes-group-version-kind" not in schema or path.name.split("-")[0].endswith("list"):
        continue
    needed = {key: local(definitions[key]) for key in referenced(schema, definitions, set())}
    whole = {**local(schema), "definitions": needed}
    (folder / path.name).write_text(json.dumps({key: value for key, value in whole.items() if key not in ("$schema", "$id")}))
