"""Lets PyTorch's wheel for Linux, which is linked against CUDA, be imported on a CPU without three gigabytes of CUDA.

Every library that it misses is made as an empty shell: the names that PyTorch looks up, each of which fails when it is
called. Needs gcc and readelf, which a C++ compiler brings. Elsewhere PyTorch needs no CUDA, and nothing is done.
"""

import collections
import importlib.util
import pathlib
import re
import subprocess
import sys
import tempfile

CUDA = re.compile(r"lib(cu|nv|nccl)\w*\.so\.\d+")
NO_DEVICE = 100  # cudaErrorNoDevice


def main():
    folder = pathlib.Path(importlib.util.find_spec("torch").origin).parent / "lib"
    libraries = list(folder.glob("lib*.so")) if sys.platform == "linux" else []
    needed, unversioned, names = set(), set(), collections.defaultdict(lambda: collections.defaultdict(set))
    for library in libraries:
        needed |= {name for name in re.findall(r"NEEDED.*\[(.+)\]", readelf("-d", library)) if CUDA.fullmatch(name)}
        owners = version_owners(readelf("-V", library))
        for name, version in re.findall(r" UND (\w+)(?:@(\S+))?", readelf("--dyn-syms", library)):
            if not version and re.match(r"(cu|nccl|nv)[A-Za-z]", name):
                unversioned.add(name)
            elif CUDA.fullmatch(owners.get(version, "")):
                names[owners[version]][version].add(name)
    for runtime in [name for name in needed if name.startswith("libcudart.")]:
        names[runtime][""] = unversioned  # any library will do that is loaded whenever PyTorch is
    missing = [name for name in sorted(needed | set(names)) if not (folder / name).exists()]
    for name in missing if needed else []:
        build(folder / name, names[name])


def readelf(option, library):
    return subprocess.run(["readelf", "-W", option, str(library)], capture_output=True, text=True, check=True).stdout


def version_owners(listing):
    """Which library each symbol version comes from."""
    owners, owner = {}, ""
    for file, version in re.findall(r"File: (\S+)|Name: (\S+)  Flags", listing):
        owner = file or owner
        if version:
            owners[version] = owner
    return owners


def build(path, versions):
    functions = sorted(set().union(*versions.values())) if versions else []
    script = "".join(f"{version} {{ global: {'; '.join(sorted(own))}; }};\n" for version, own in versions.items() if version)
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "shell.c")
        source.write_text("\n".join(map(definition, functions)) + "\n")
        pathlib.Path(folder, "versions").write_text(script)
        command = ["gcc", "-w", "-shared", "-fPIC", "-o", str(path), f"-Wl,-soname,{path.name}", str(source)]
        subprocess.run(command + ([f"-Wl,--version-script={folder}/versions"] if script else []), check=True)


def definition(name):
    if name == "nvshmem_selected_device_transport":
        return f"long {name}[512];"  # the one variable
    if name == "__cudaRegisterFatBinary":
        return f"static void *handle[8]; void *{name}(void) {{ return handle; }}"
    if name == "cudaGetDeviceCount":
        return f"int {name}(int *count) {{ *count = 0; return {NO_DEVICE}; }}"
    if name == "cudaStreamIsCapturing":
        return f"int {name}(void *stream, int *status) {{ *status = 0; return 0; }}"
    if re.search(r"(String|Name)$", name):
        return f"const char *{name}(void) {{ return \"there is no CUDA here\"; }}"
    return f"int {name}(void) {{ return {0 if name.startswith('__cuda') else NO_DEVICE}; }}"


main()
