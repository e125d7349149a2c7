#!/usr/bin/env python3
"""Writes the declarations of the C ABI for JNA, from the macro-free header. `--check` compares instead.

Usage: java_library.py [--check]
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[1]
HEADER = ROOT / "ffi/include/tenantseal_ffi.h"
TARGET = ROOT / "ffi/java/src/main/java/io/tenantseal/Library.java"

# A size_t and a handle have 64 bits: Library checks it. What is written to comes as an array.
SCALARS = {
    "size_t": "long",
    "int64_t": "long",
    "uint64_t": "long",
    "int32_t": "int",
    "uint32_t": "int",
    "tenantseal_status": "int",
    "double": "double",
}
POINTERS = {"uint8_t": "byte[]", **{name: f"{java}[]" for name, java in SCALARS.items()}}


def java_type(c_type):
    c_type = c_type.replace("const ", "").strip()
    if c_type.endswith("**"):
        return "long[]"
    if c_type.endswith("*"):
        return POINTERS.get(c_type.rstrip("* "), "long")
    return SCALARS[c_type]


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def method(match):
    result, name, parameters = match.groups()
    result = "String" if result.strip() == "const char *" else SCALARS[result.strip()]
    declared = []
    for parameter in filter(None, (p.strip() for p in parameters.replace("void", "").split(","))):
        c_type, variable = re.fullmatch(r"(.*?[ *])(\w+)", parameter).groups()
        declared.append(f"{java_type(c_type)} {camel(variable)}")
    return f"    static native {result} {name}({', '.join(declared)});\n"


def main():
    header = HEADER.read_text()
    constants = re.findall(r"^    TENANTSEAL_(\w+) = (-?\d+)", header, re.M)
    methods = re.finditer(r"^((?:const )?\w+ \*?)(tenantseal_\w+)\((.*)\);", header, re.M)
    lines = [
        "package io.tenantseal;\n\n",
        "/** The C ABI. This file is generated: run scripts/java_library.py. */\n",
        "final class Library {\n",
        *(f"    static final int {name} = {value};\n" for name, value in constants),
        "\n    static {\n        Loader.load(Library.class);\n    }\n\n    private Library() {\n    }\n\n",
        "\n".join(method(match) for match in methods),
        "}\n",
    ]
    written = "".join(lines)
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if TARGET.read_text() == written else f"{TARGET.relative_to(ROOT)} is not what the header says")
    TARGET.write_text(written)


main()
